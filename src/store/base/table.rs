//! Tables: one list of columns yields the row that is read, the row that is written, and the statements that insert
//! many: on PostgreSQL one that takes an array for each column, on SQLite one that is run for each row. Columns are
//! bound by their names, never by their place.

use chrono::NaiveDate;
use diesel::sql_types::is_nullable::NotNull;
use diesel::sql_types::{BigInt, Bool, Date, Integer, Nullable, SqlType, Text};

/// What a column holds: as SQL, as it is read, and as it is written.
pub(in crate::store) trait Column {
    /// Its SQL type.
    type Sql;
    /// What is read.
    type Read;
    /// What is written, which may be borrowed.
    type Given<'a>;
}

/// Text that is made while a row is written, not borrowed.
#[derive(Debug)]
pub(in crate::store) enum Built {}

impl Column for String {
    type Sql = Text;
    type Read = Self;
    type Given<'a> = &'a str;
}

impl Column for Built {
    type Sql = Text;
    type Read = String;
    type Given<'a> = String;
}

macro_rules! copied_columns {
    ($($ty:ty => $sql:ty,)+) => { $(
        impl Column for $ty {
            type Sql = $sql;
            type Read = Self;
            type Given<'a> = Self;
        }
    )+ };
}
copied_columns! { i64 => BigInt, i32 => Integer, bool => Bool, NaiveDate => Date, }

impl<T: Column> Column for Option<T>
where
    T::Sql: SqlType<IsNull = NotNull>,
{
    type Sql = Nullable<T::Sql>;
    type Read = Option<T::Read>;
    type Given<'a> = Option<T::Given<'a>>;
}

/// Declares a table's room: `Row` and `Sql` for what is read, `New` and `insert` for what is written, `Columns` to write
/// many within another statement. `columns` names a macro with the list of its columns under its alias; rows are
/// written in the order of `order`, their unique key; what follows `insert` ends the statement.
macro_rules! table {
    ($(#[$meta:meta])* $table:ident as $alias:ident, columns $columns:ident, order ($($order:ident),+),
        insert $suffix:literal { $first:ident: $first_ty:ty, $($column:ident: $ty:ty,)* }) => {
        #[allow(unused_macros, reason = "not every table is read by its own columns")]
        macro_rules! $columns {
            () => {
                concat!(stringify!($alias), ".", stringify!($first)
                    $(, ", ", stringify!($alias), ".", stringify!($column))*)
            };
        }
        #[allow(unused_imports, reason = "not every table is read elsewhere")]
        pub(in crate::store) use $columns;

        $(#[$meta])*
        pub(in crate::store) mod $table {
            #![allow(dead_code, reason = "not every table is read, or written within another statement")]
            #[allow(unused_imports, reason = "not every table has columns of each type")]
            use chrono::NaiveDate;
            #[allow(unused_imports, reason = "not every table has columns of each type")]
            use $crate::store::base::table::{Built, Column};
            use diesel::RunQueryDsl as _;
            use $crate::store::StoreError;
            use $crate::store::base::connection::Connection;
            use $crate::store::base::in_order::{InOrder, Place};
            use $crate::store::base::table::{array_fragment, insert_fragment};

            /// What is read of it.
            #[derive(Debug, Clone, diesel::Queryable)]
            pub(in crate::store) struct Row {
                pub(in crate::store) $first: <$first_ty as Column>::Read,
                $(pub(in crate::store) $column: <$ty as Column>::Read,)*
            }

            /// The SQL types of what is read.
            pub(in crate::store) type Sql = (<$first_ty as Column>::Sql, $(<$ty as Column>::Sql,)*);

            /// What is written to it.
            #[derive(Debug)]
            pub(in crate::store) struct New<'a> {
                pub(in crate::store) $first: <$first_ty as Column>::Given<'a>,
                $(pub(in crate::store) $column: <$ty as Column>::Given<'a>,)*
            }

            impl Place for New<'_> {
                fn place(&self) -> impl Ord {
                    ($(&self.$order,)+)
                }
            }

            array_fragment! { Columns of New, "INSERT INTO " $table { $first: $first_ty, $($column: $ty,)* } }
            insert_fragment! { $table, $suffix { $first: $first_ty, $($column: $ty,)* } }

            /// Writes these rows, and returns how many were written.
            pub(in crate::store) fn insert(
                connection: &mut Connection,
                rows: InOrder<New<'_>>,
            ) -> Result<usize, StoreError> {
                if rows.is_empty() {
                    return Ok(0);
                }
                match connection {
                    Connection::Postgres(connection) => Ok(InsertMany(Columns::of(rows)).execute(connection)?),
                    Connection::Sqlite(connection) => insert_each(connection, rows),
                }
            }

            /// Writes these rows to SQLite, one by one, and returns how many were written.
            pub(in crate::store) fn insert_each(
                connection: &mut diesel::SqliteConnection,
                rows: InOrder<New<'_>>,
            ) -> Result<usize, StoreError> {
                let mut count = 0;
                for row in rows {
                    count += usize::from(insert_one(connection, row)?);
                }
                Ok(count)
            }

            /// Writes this row to SQLite, and returns whether it was written.
            pub(in crate::store) fn insert_one(
                connection: &mut diesel::SqliteConnection,
                row: New<'_>,
            ) -> Result<bool, StoreError> {
                Ok(InsertOne(row).execute(connection)? == 1)
            }
        }
    };
}

/// Rows turned into an array for each column, and the text that inserts them.
macro_rules! array_fragment {
    ($name:ident of $row:ident, $words:literal $table:ident
        { $first:ident: $first_ty:ty, $($column:ident: $ty:ty,)* }) => {
        /// An array for each column.
        #[derive(Debug)]
        pub(in crate::store) struct $name<'a> {
            $first: Vec<<$first_ty as Column>::Given<'a>>,
            $($column: Vec<<$ty as Column>::Given<'a>>,)*
        }

        impl<'a> $name<'a> {
            /// The columns of these rows.
            pub(in crate::store) fn of(rows: InOrder<$row<'a>>) -> Self {
                let len = rows.len();
                let mut columns =
                    Self { $first: Vec::with_capacity(len), $($column: Vec::with_capacity(len),)* };
                for row in rows {
                    columns.$first.push(row.$first);
                    $(columns.$column.push(row.$column);)*
                }
                columns
            }

            /// Writes the statement that inserts them, with its binds.
            pub(in crate::store) fn walk<'b>(
                &'b self,
                out: &mut diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                use diesel::sql_types::Array;
                out.push_sql(concat!($words, stringify!($table), " (", stringify!($first)
                    $(, ", ", stringify!($column))*, ") SELECT * FROM UNNEST("));
                out.push_bind_param::<Array<<$first_ty as Column>::Sql>, _>(&self.$first)?;
                $(
                    out.push_sql(", ");
                    out.push_bind_param::<Array<<$ty as Column>::Sql>, _>(&self.$column)?;
                )*
                out.push_sql(")");
                Ok(())
            }
        }
    };
}
pub(in crate::store) use array_fragment;

/// The statements that insert rows and nothing else.
macro_rules! insert_fragment {
    ($table:ident, $suffix:literal { $first:ident: $first_ty:ty, $($column:ident: $ty:ty,)* }) => {
        struct InsertMany<'a>(Columns<'a>);

        impl diesel::query_builder::QueryId for InsertMany<'_> {
            type QueryId = InsertMany<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<Conn> diesel::RunQueryDsl<Conn> for InsertMany<'_> {}

        impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for InsertMany<'_> {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
            ) -> diesel::QueryResult<()> {
                self.0.walk(&mut out)?;
                out.push_sql($suffix);
                Ok(())
            }
        }

        struct InsertOne<'a>(New<'a>);

        impl diesel::query_builder::QueryId for InsertOne<'_> {
            type QueryId = InsertOne<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl<Conn> diesel::RunQueryDsl<Conn> for InsertOne<'_> {}

        impl diesel::query_builder::QueryFragment<diesel::sqlite::Sqlite> for InsertOne<'_> {
            fn walk_ast<'b>(
                &'b self,
                mut out: diesel::query_builder::AstPass<'_, 'b, diesel::sqlite::Sqlite>,
            ) -> diesel::QueryResult<()> {
                out.push_sql(concat!("INSERT INTO ", stringify!($table), " (", stringify!($first)
                    $(, ", ", stringify!($column))*, ") VALUES ("));
                out.push_bind_param::<<$first_ty as Column>::Sql, _>(&self.0.$first)?;
                $(
                    out.push_sql(", ");
                    out.push_bind_param::<<$ty as Column>::Sql, _>(&self.0.$column)?;
                )*
                out.push_sql(concat!(")", $suffix));
                Ok(())
            }
        }
    };
}
pub(in crate::store) use insert_fragment;
pub(in crate::store) use table;

/// Every row that was loaded under lock must be there to be written.
pub(in crate::store) fn expect_rows(
    table: &str,
    written: usize,
    expected: usize,
) -> Result<(), super::super::StoreError> {
    if written == expected {
        return Ok(());
    }
    let words = format!("{written} rows of {table} were there to be written, not {expected}");
    Err(super::super::StoreError::Corrupt(words))
}

/// A word that must be one of an enumeration's.
pub(in crate::store) fn word<T>(
    column: &str,
    word: &str,
    from_word: fn(&str) -> Option<T>,
) -> Result<T, super::super::StoreError> {
    from_word(word).ok_or_else(|| super::super::StoreError::Corrupt(format!("{column} {word:?}")))
}
