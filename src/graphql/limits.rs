//! Bounds on what one request may ask for. All of them show in `serviceConfig`.

/// Accounts in one `accounts` look-up, and nodes in one `nodes`.
pub const ACCOUNTS_MAX: usize = 100;
/// Items of one page.
pub const PAGE_MAX: i32 = 100;
/// Items of a page where `first` is absent.
pub const PAGE_DEFAULT: i32 = 20;
/// Payments in one `paymentBatchPost`.
pub const BATCH_PAYMENTS_MAX: usize = 1_000;
/// Bills named by one payment.
pub const BILL_NUMBERS_MAX: usize = 100;
/// Bytes of a document.
pub const DOCUMENT_BYTES_MAX: usize = 32 * 1024;
/// Nested brackets of a document.
pub const NESTING_MAX: usize = 40;
/// Nested fields of a document.
pub const DEPTH_MAX: usize = 20;
/// Fields of a document, lists not multiplied.
pub const COMPLEXITY_MAX: usize = 2_000;
/// Nested fragments and selections while parsing.
pub const RECURSION_MAX: usize = 32;
/// Aliases of a document.
pub const ALIASES_MAX: usize = 200;
/// Directives on one field.
pub const DIRECTIVES_MAX: usize = 8;
