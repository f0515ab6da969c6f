//! Bounds on what one request may ask for. All of them show in `serviceConfig`.

use async_graphql::Result;

use super::error::bad_input;
use super::scalars::DateTime;
use crate::access::caller::{Caller, Scope};

/// Accounts in one `accounts` look-up, and nodes in one `nodes`.
pub const ACCOUNTS_MAX: usize = 100;
/// Items of one page.
pub const PAGE_MAX: i32 = 100;
/// Items of a page where `first` is absent.
pub const PAGE_DEFAULT: i32 = 20;
/// Payments in one `paymentBatchPost`.
pub const BATCH_PAYMENTS_MAX: usize = 1_000;
/// Bytes of a body by a token that may post.
pub const POSTER_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Bytes of a body by any other token.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Values in a body, variables above all.
pub const BODY_VALUES_MAX: usize = 20_000;
/// Bytes of a document.
pub const DOCUMENT_BYTES_MAX: usize = 32 * 1024;
/// Tokens of a document: names, values and marks.
pub const TOKENS_MAX: usize = 4_000;
/// Nested brackets of a document, and of a body.
pub const NESTING_MAX: usize = 40;
/// Directives of a document.
pub const DIRECTIVES_MAX: usize = 50;
/// Fragments of a document.
pub const FRAGMENTS_MAX: usize = 50;
/// Fields, fragments, arguments, values and directives of a document's operations, fragments counted
/// each time they are spread.
pub const EXPANDED_SIZE_MAX: usize = 2_000;
/// Aliases of a document's operations, fragments counted each time they are spread.
pub const ALIASES_MAX: usize = 200;
/// Bytes of a name in an answer: a field's or its alias.
pub const RESPONSE_KEY_BYTES_MAX: usize = 64;
/// Lists of introspection that lead from types to types, nested in each other.
pub const INTROSPECTION_LISTS_MAX: usize = 2;
/// Aliases in introspection.
pub const INTROSPECTION_ALIASES_MAX: usize = 20;
/// Bytes of an answer, unless set otherwise.
pub const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Fields at the top of a mutation.
pub const MUTATION_FIELDS_MAX: usize = 20;
/// Nested fields of a document.
pub const DEPTH_MAX: usize = 20;
/// Fields of an answer, lists counted at the length they are asked for, and more for what is read:
/// [by keys](KEYED_COUNTED) or [on its own](LOOK_UP_COUNTED).
pub const COMPLEXITY_MAX: usize = 130_000;
/// What an object counts for beside its fields that is looked up by its key, together with others.
pub const KEYED_COUNTED: usize = 5;
/// What a page or an object counts for beside its fields that is read on its own.
pub const LOOK_UP_COUNTED: usize = 300;
/// What a payment's list of allocations is counted at.
pub const ALLOCATIONS_COUNTED: usize = 10;
/// No product of lengths counts more than this, so that sums of them don't overflow.
const COMPLEXITY_CAP: usize = 1_000_000_000;
/// Nested selections of a document, fragments included.
pub const RECURSION_MAX: usize = 32;
/// Errors in one answer.
pub const ERRORS_MAX: usize = 20;

/// Fields of a list of this length, each item having so many.
pub(in crate::graphql) fn list_complexity(len: usize, item: usize) -> usize {
    len.max(1).saturating_mul(item).saturating_add(1).min(COMPLEXITY_CAP)
}

/// Fields of a page, each item having so many.
pub(in crate::graphql) fn page_complexity(first: Option<i32>, item: usize) -> usize {
    let first = first.unwrap_or(PAGE_DEFAULT).clamp(1, PAGE_MAX);
    look_up_complexity(list_complexity(usize::try_from(first).unwrap_or(1), item))
}

/// An object of so many fields that is looked up by its key.
pub(in crate::graphql) fn keyed_complexity(object: usize) -> usize {
    object + 1 + KEYED_COUNTED
}

/// An object of so many fields that is read on its own.
pub(in crate::graphql) fn look_up_complexity(object: usize) -> usize {
    object + 1 + LOOK_UP_COUNTED
}

/// A field that is asked about an instant. The argument was read before this is called, and so before anything is
/// executed: text that is no instant refuses the whole document.
pub(in crate::graphql) fn instant_complexity(_at: Option<&DateTime>, item: usize) -> usize {
    item.saturating_add(1).min(COMPLEXITY_CAP)
}

/// Bytes of a body by this caller: only who posts has much to say.
pub fn body_bytes_max(caller: &Caller) -> usize {
    if caller.has(Scope::PaymentsPost) { POSTER_BODY_BYTES_MAX } else { BODY_BYTES_MAX }
}

/// Fails where a look-up names more accounts or nodes than one may.
pub(in crate::graphql) fn check_list_len(name: &str, len: usize) -> Result<()> {
    if len > ACCOUNTS_MAX {
        return Err(bad_input(format!("`{name}` holds at most {ACCOUNTS_MAX}.")));
    }
    Ok(())
}
