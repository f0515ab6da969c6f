//! Functions that do nothing but hand a call of SQLite on to what the shim stands in front of.

/// Defines, for each line, a function that calls the method `field` of `table(target(this))` with
/// `target(this)` in place of `this`, and answers `missing` where there is no such method.
macro_rules! forward {
    (
        $this:ty, $target:ident, $table:ident:
        $($name:ident = $field:ident($($argument:ident: $kind:ty),*) -> $answer:ty, else $missing:expr;)*
    ) => {$(
        pub(crate) unsafe extern "C" fn $name(this: *mut $this $(, $argument: $kind)*) -> $answer {
            // SAFETY: `this` is one of ours, as only our method tables name this function; the arguments
            // are what SQLite hands to that method, and go to the same method of the target.
            unsafe {
                let target = $target(this);
                match $table(target).$field {
                    Some(method) => method(target $(, $argument)*),
                    None => $missing,
                }
            }
        }
    )*};
}
pub(crate) use forward;
