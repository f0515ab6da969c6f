//! What every mutation under a key has in common: how its command is settled, and what its payload says of that.

use async_graphql::{Context, Result};

use super::answer::draw_before_writing;
use super::error::{ErrorCode, UNKNOWN_CHANNEL, engine_error};
use super::outputs::List;
use super::session::{engine, priority};
use crate::access::caller::Caller;
use crate::domain::base::actor::Actor;
use crate::domain::base::keys::Key;
use crate::domain::base::refusal::Refusal;
use crate::domain::book::Asked;
use crate::domain::command::Rules;
use crate::domain::keyed::{AnswerTo, Answered, Keyed};

/// What became of a command, as its payload says it.
pub(in crate::graphql) struct Settled<Outcome, UserError> {
    /// What was done; `None` where it was refused.
    pub(in crate::graphql) outcome: Option<Outcome>,
    /// Whether this repeats the first answer given under the key.
    pub(in crate::graphql) replayed: bool,
    /// Why it was refused; empty where it was not.
    pub(in crate::graphql) user_errors: List<UserError>,
}

impl<Outcome, UserError> Settled<Outcome, UserError> {
    /// What is malformed is refused before its key is looked at.
    pub(in crate::graphql) fn malformed<Code>(refusals: Vec<Refusal<Code>>) -> Self
    where
        UserError: From<Refusal<Code>>,
    {
        Self::refused(refusals, false)
    }

    /// What the engine answered.
    ///
    /// # Errors
    /// FORBIDDEN, where there is no such channel.
    pub(in crate::graphql) fn from_answer<Code>(answer: Answered<Outcome, Code>) -> Result<Self>
    where
        UserError: From<Refusal<Code>>,
    {
        match answer {
            Answered::Settled { outcome: Ok(outcome), replayed } => {
                Ok(Self { outcome: Some(outcome), replayed, user_errors: List::new(Vec::new()) })
            }
            Answered::Settled { outcome: Err(refusal), replayed } => {
                Ok(Self::refused(vec![refusal], replayed))
            }
            Answered::UnknownChannel => Err(ErrorCode::Forbidden.error(UNKNOWN_CHANNEL)),
        }
    }

    fn refused<Code>(refusals: Vec<Refusal<Code>>, replayed: bool) -> Self
    where
        UserError: From<Refusal<Code>>,
    {
        Self { outcome: None, replayed, user_errors: refusals.into_iter().map(Into::into).collect() }
    }
}

/// Has a command decided, or says what is malformed about it.
pub(in crate::graphql) async fn settle<C, UserError>(
    ctx: &Context<'_>,
    command: std::result::Result<C, Vec<Refusal<C::Code>>>,
) -> Result<Settled<C::Outcome, UserError>>
where
    C: Keyed + Asked + Rules<Answer = AnswerTo<C>>,
    UserError: From<Refusal<C::Code>>,
{
    match command {
        Err(refusals) => Ok(Settled::malformed(refusals)),
        Ok(command) => {
            draw_before_writing(ctx, 1)?;
            let answer = engine(ctx)?.submit(priority(ctx), command).await.map_err(engine_error)?;
            Settled::from_answer(answer)
        }
    }
}

/// A key of the caller's channel.
pub(in crate::graphql) fn key_of(caller: &Caller, text: String) -> Key {
    Key { channel_code: caller.channel_code.clone(), text }
}

/// Who acts.
pub(in crate::graphql) fn actor_of(caller: &Caller) -> Actor {
    Actor { subject: caller.subject.clone(), token_id: caller.token_id.clone() }
}

/// Declares what a payload says of a refusal, and its codes beside the domain's.
macro_rules! user_error {
    ($(#[$meta:meta])* $name:ident with $(#[$code_meta:meta])* $code:ident of $domain:path
        { $($(#[$value_meta:meta])* $value:ident,)+ }) => {
        $crate::graphql::base::api_enum::api_enum! {
            $(#[$code_meta])* $code of $domain { $($(#[$value_meta])* $value,)+ }
        }

        $(#[$meta])*
        #[derive(async_graphql::SimpleObject, Clone)]
        pub(in crate::graphql) struct $name {
            /// The reason as a word.
            code: $code,
            /// The same in words.
            message: $crate::graphql::base::outputs::FreeText<'static>,
            /// The input's field it is about; null where it is about none.
            field: Option<Vec<String>>,
            /// Whether the same key and input may yet succeed.
            retryable: bool,
        }

        impl From<$crate::domain::base::refusal::Refusal<$domain>> for $name {
            fn from(refusal: $crate::domain::base::refusal::Refusal<$domain>) -> Self {
                Self {
                    code: refusal.code.into(),
                    message: refusal.message.into(),
                    field: refusal.field.map(|field| vec![field]),
                    retryable: $crate::domain::base::refusal::RefusalCode::is_retryable(refusal.code),
                }
            }
        }
    };
}
pub(in crate::graphql) use user_error;
