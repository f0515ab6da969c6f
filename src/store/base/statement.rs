//! One fixed SQL text with typed binds, prepared once per connection.
//!
//! Diesel caches neither `sql_query` nor batch inserts nor upserts; a `QueryFragment` with a static
//! `QueryId` it does, without even building the text again.

/// Declares a statement. Each `?` of the text takes the next field; the text holds no other `?`.
///
/// `both` gives one text to both back ends, `pg` and `sqlite` one each. A statement that returns
/// rows names their SQL types after `->`.
macro_rules! statement {
    ($(#[$meta:meta])* $vis:vis struct $name:ident $(<$life:lifetime>)?
        $({ $($field:ident: $ty:ty => $sql:ty),* $(,)? })? $(-> $row:tt)? both $text:expr) => {
        statement!(@define $(#[$meta])* $vis $name [$($life)?] { $($($field: $ty),*)? });
        statement!(@fragment diesel::pg::Pg, $name [$($life)?] { $($($field => $sql),*)? } $text);
        statement!(@fragment diesel::sqlite::Sqlite, $name [$($life)?] { $($($field => $sql),*)? } $text);
        statement!(@query $name [$($life)?] $($row)?);
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident $(<$life:lifetime>)?
        $({ $($field:ident: $ty:ty => $sql:ty),* $(,)? })? $(-> $row:tt)? pg $text:expr) => {
        statement!(@define $(#[$meta])* $vis $name [$($life)?] { $($($field: $ty),*)? });
        statement!(@fragment diesel::pg::Pg, $name [$($life)?] { $($($field => $sql),*)? } $text);
        statement!(@query $name [$($life)?] $($row)?);
    };
    ($(#[$meta:meta])* $vis:vis struct $name:ident $(<$life:lifetime>)?
        $({ $($field:ident: $ty:ty => $sql:ty),* $(,)? })? $(-> $row:tt)? sqlite $text:expr) => {
        statement!(@define $(#[$meta])* $vis $name [$($life)?] { $($($field: $ty),*)? });
        statement!(@fragment diesel::sqlite::Sqlite, $name [$($life)?] { $($($field => $sql),*)? } $text);
        statement!(@query $name [$($life)?] $($row)?);
    };
    (@define $(#[$meta:meta])* $vis:vis $name:ident [$($life:lifetime)?] { $($field:ident: $ty:ty),* }) => {
        $(#[$meta])*
        #[derive(Debug)]
        $vis struct $name $(<$life>)? { $($vis $field: $ty),* }

        impl $(<$life>)? diesel::query_builder::QueryId for $name $(<$life>)? {
            type QueryId = statement!(@static $name [$($life)?]);
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<$($life,)? Conn> diesel::RunQueryDsl<Conn> for $name $(<$life>)? {}
    };
    (@static $name:ident []) => { $name };
    (@static $name:ident [$life:lifetime]) => { $name<'static> };
    (@query $name:ident [$($life:lifetime)?]) => {};
    (@query $name:ident [$($life:lifetime)?] $row:tt) => {
        const _: () = {
            #[allow(unused_imports, reason = "not every statement returns every type")]
            use diesel::sql_types::*;
            #[allow(unused_parens, reason = "a single column is written like several")]
            impl $(<$life>)? diesel::query_builder::Query for $name $(<$life>)? {
                type SqlType = $row;
            }
        };
    };
    (@fragment $backend:ty, $name:ident [$($life:lifetime)?] { $($field:ident => $sql:ty),* } $text:expr) => {
        impl $(<$life>)? diesel::query_builder::QueryFragment<$backend> for $name $(<$life>)? {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, $backend>,
            ) -> diesel::QueryResult<()> {
                #[allow(unused_imports, reason = "not every statement binds every type")]
                use diesel::sql_types::*;
                // Diesel walks here at every run, to bind; the text is cut up at the first.
                static PIECES: std::sync::LazyLock<Vec<&str>> =
                    std::sync::LazyLock::new(|| $text.split('?').collect());
                let mut pieces = PIECES.iter().copied();
                out.push_sql(pieces.next().unwrap_or_default());
                $(
                    out.push_bind_param::<$sql, _>(&self.$field)?;
                    out.push_sql(pieces.next().unwrap_or_default());
                )*
                debug_assert!(pieces.next().is_none(), "a ? without a field");
                Ok(())
            }
        }
    };
}
pub(in crate::store) use statement;
