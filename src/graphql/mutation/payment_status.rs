//! What became of a payment's key; asked for by `payment`, in the words of `paymentPost`.

use async_graphql::{Enum, Object};

use super::super::types::payment::Payment;
use super::payment_post::PaymentPostUserError;
use crate::access::caller::Caller;
use crate::domain::payment::PostOutcome;

/// What became of a payment's key.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::graphql) enum PaymentKeyStatus {
    /// Posted, and it stands.
    Posted,
    /// Refused, for ever.
    Refused,
    /// Posted, and undone since.
    Reversed,
    /// Nothing is committed under the key yet. Not final: to make it final send the same paymentPost
    /// again, or reverse it.
    NotFound,
}

/// What became of a payment's key.
pub(in crate::graphql) enum PaymentStatusResult {
    Posted(Box<Payment>, PaymentKeyStatus),
    Refused(PaymentPostUserError),
    NotFound,
}

impl PaymentStatusResult {
    /// What a caller may know of a key of their channel; a customer only of their own accounts.
    pub(in crate::graphql) fn new(caller: &Caller, found: Option<PostOutcome>) -> Self {
        match found {
            Some(Ok(payment)) if caller.may_see_account(&payment.account_number) => {
                let status = match payment.reversal {
                    None => PaymentKeyStatus::Posted,
                    Some(_) => PaymentKeyStatus::Reversed,
                };
                Self::Posted(Box::new(Payment::new(*payment)), status)
            }
            Some(Err(refusal)) if !caller.is_customer() => Self::Refused(refusal.into()),
            _ => Self::NotFound,
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
            Self::NotFound => PaymentKeyStatus::NotFound,
        }
    }

    /// The payment as recorded; null where none was posted.
    async fn payment(&self) -> Option<&Payment> {
        match self {
            Self::Posted(payment, _) => Some(payment),
            Self::Refused(_) | Self::NotFound => None,
        }
    }

    /// Why it was refused; null where it was not.
    async fn refusal(&self) -> Option<&PaymentPostUserError> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            Self::Posted(..) | Self::NotFound => None,
        }
    }
}
