//! `payment`: what became of a key, in the words of `paymentPost`.

use async_graphql::{Context, Enum, Object, Result};

use super::super::base::error::engine_error;
use super::super::base::limits::look_up_complexity;
use super::super::base::scalars::Text;
use super::super::base::session::{caller, require_any, view};
use super::mutations::post::PaymentPostUserError;
use super::types::Payment;
use crate::access::caller::{Caller, Scope};
use crate::domain::base::keys::{Key, is_idempotency_key};
use crate::domain::payment::KeyOutcome;
use crate::store::payment::read::PaymentOfKey;

/// What became of a payment's key.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum PaymentKeyStatus {
    /// Posted, and it stands.
    Posted,
    /// Refused, for ever.
    Refused,
    /// Posted, and undone since.
    Reversed,
    /// Its reversal came first and waits for it: when the payment comes it is posted and undone at once.
    Remembered,
    /// Nothing is committed under the key yet. Not final: to make it final send the same paymentPost
    /// again, or reverse it.
    NotFound,
}

pub(in crate::graphql) enum PaymentStatusResult {
    Posted(Box<Payment>, PaymentKeyStatus),
    Refused(PaymentPostUserError),
    Remembered,
    NotFound,
}

impl PaymentStatusResult {
    /// What a caller may know of a key of their channel; a customer only of their own accounts.
    pub(in crate::graphql) fn new(caller: &Caller, found: Option<KeyOutcome>) -> Self {
        match found {
            Some(KeyOutcome::Decided(Ok(payment))) if caller.may_see_account(&payment.account_number) => {
                let status = match payment.reversal {
                    None => PaymentKeyStatus::Posted,
                    Some(_) => PaymentKeyStatus::Reversed,
                };
                Self::Posted(Box::new(Payment::new(*payment)), status)
            }
            Some(KeyOutcome::Decided(Err(refusal))) if !caller.is_customer() => Self::Refused(refusal.into()),
            Some(KeyOutcome::Remembered) if !caller.is_customer() => Self::Remembered,
            Some(KeyOutcome::Decided(_) | KeyOutcome::Remembered) | None => Self::NotFound,
        }
    }
}

/// What became of a payment's key.
#[Object]
impl PaymentStatusResult {
    /// What became of it.
    async fn status(&self) -> PaymentKeyStatus {
        match self {
            Self::Posted(_, status) => *status,
            Self::Refused(_) => PaymentKeyStatus::Refused,
            Self::Remembered => PaymentKeyStatus::Remembered,
            Self::NotFound => PaymentKeyStatus::NotFound,
        }
    }

    /// The payment as recorded; null where none was posted.
    async fn payment(&self) -> Option<&Payment> {
        match self {
            Self::Posted(payment, _) => Some(payment),
            Self::Refused(_) | Self::Remembered | Self::NotFound => None,
        }
    }

    /// Why it was refused; null where it was not.
    async fn refusal(&self) -> Option<&PaymentPostUserError> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Posted(..) | Self::Remembered | Self::NotFound => None,
        }
    }
}

#[derive(Default)]
pub(in crate::graphql) struct PaymentQuery;

#[Object]
impl PaymentQuery {
    /// What became of the caller's own payment with this key. NOT_FOUND means that nothing is
    /// committed under it yet, and is not final: to make it final send the same paymentPost again,
    /// or reverse it. Needs bills:read or payments:post.
    #[graphql(complexity = "look_up_complexity(child_complexity)")]
    async fn payment(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Key the payment was sent with.")] idempotency_key: Text,
    ) -> Result<PaymentStatusResult> {
        let caller = caller(ctx)?;
        require_any(
            caller.has(Scope::BillsRead) || caller.has(Scope::PaymentsPost),
            "bills:read or payments:post",
        )?;
        if !is_idempotency_key(&idempotency_key.0) {
            return Ok(PaymentStatusResult::new(caller, None));
        }
        let key = Key { channel_code: caller.channel_code.clone(), text: idempotency_key.0 };
        let found = view(ctx)?.look_up(PaymentOfKey(key)).await.map_err(engine_error)?;
        Ok(PaymentStatusResult::new(caller, found))
    }
}
