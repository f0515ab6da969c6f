//! How rows of a table are changed: on PostgreSQL one statement takes an array for each column, on SQLite one is run for
//! each row. As in [`table`](super::table), columns are bound by their names.

/// Declares how rows of a table are changed: `Change` names a row by its key and says what it holds from now on. On
/// PostgreSQL `Columns` changes many within one statement, on SQLite each is a statement of its own. Every row must be
/// there.
macro_rules! update {
    ($(#[$meta:meta])* $name:ident on $table:ident,
        key { $key:ident: $key_ty:ty, $($also_key:ident: $also_key_ty:ty,)* }
        set { $first:ident: $first_ty:ty, $($column:ident: $ty:ty,)* }) => {
        $(#[$meta])*
        pub(in crate::store) mod $name {
            #![allow(dead_code, reason = "not every change is made both alone and within another statement")]
            #[allow(unused_imports, reason = "not every table has columns of each type")]
            use chrono::NaiveDate;
            #[allow(unused_imports, reason = "not every table has columns of each type")]
            use $crate::store::base::table::{Built, Column};
            use diesel::RunQueryDsl as _;
            use $crate::store::StoreError;
            use $crate::store::base::connection::Connection;
            use $crate::store::base::in_order::{InOrder, Place};
            use $crate::store::base::table::expect_rows;

            /// A row by its key, and what it holds from now on.
            #[derive(Debug)]
            pub(in crate::store) struct Change<'a> {
                pub(in crate::store) $key: <$key_ty as Column>::Given<'a>,
                $(pub(in crate::store) $also_key: <$also_key_ty as Column>::Given<'a>,)*
                pub(in crate::store) $first: <$first_ty as Column>::Given<'a>,
                $(pub(in crate::store) $column: <$ty as Column>::Given<'a>,)*
            }

            impl Place for Change<'_> {
                fn place(&self) -> impl Ord {
                    (&self.$key, $(&self.$also_key,)*)
                }
            }

            /// An array for each column.
            #[derive(Debug)]
            pub(in crate::store) struct Columns<'a> {
                $key: Vec<<$key_ty as Column>::Given<'a>>,
                $($also_key: Vec<<$also_key_ty as Column>::Given<'a>>,)*
                $first: Vec<<$first_ty as Column>::Given<'a>>,
                $($column: Vec<<$ty as Column>::Given<'a>>,)*
            }

            impl<'a> Columns<'a> {
                /// The columns of these changes.
                pub(in crate::store) fn of(changes: InOrder<Change<'a>>) -> Self {
                    let len = changes.len();
                    let mut columns = Self {
                        $key: Vec::with_capacity(len),
                        $($also_key: Vec::with_capacity(len),)*
                        $first: Vec::with_capacity(len),
                        $($column: Vec::with_capacity(len),)*
                    };
                    for change in changes {
                        columns.$key.push(change.$key);
                        $(columns.$also_key.push(change.$also_key);)*
                        columns.$first.push(change.$first);
                        $(columns.$column.push(change.$column);)*
                    }
                    columns
                }

                /// Writes the statement that makes them, with its binds.
                pub(in crate::store) fn walk<'b>(
                    &'b self,
                    out: &mut diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
                ) -> diesel::QueryResult<()> {
                    use diesel::sql_types::Array;
                    out.push_sql(concat!("UPDATE ", stringify!($table), " t SET ",
                        stringify!($first), " = n.", stringify!($first)
                        $(, ", ", stringify!($column), " = n.", stringify!($column))*, " FROM UNNEST("));
                    out.push_bind_param::<Array<<$key_ty as Column>::Sql>, _>(&self.$key)?;
                    $(
                        out.push_sql(", ");
                        out.push_bind_param::<Array<<$also_key_ty as Column>::Sql>, _>(&self.$also_key)?;
                    )*
                    out.push_sql(", ");
                    out.push_bind_param::<Array<<$first_ty as Column>::Sql>, _>(&self.$first)?;
                    $(
                        out.push_sql(", ");
                        out.push_bind_param::<Array<<$ty as Column>::Sql>, _>(&self.$column)?;
                    )*
                    out.push_sql(concat!(") AS n (", stringify!($key), $(", ", stringify!($also_key),)*
                        ", ", stringify!($first) $(, ", ", stringify!($column))*, ") WHERE t.",
                        stringify!($key), " = n.", stringify!($key)
                        $(, " AND t.", stringify!($also_key), " = n.", stringify!($also_key))*));
                    Ok(())
                }
            }

            struct Many<'a>(Columns<'a>);

            impl diesel::query_builder::QueryId for Many<'_> {
                type QueryId = Many<'static>;
                const HAS_STATIC_QUERY_ID: bool = true;
            }

            impl<Conn> diesel::RunQueryDsl<Conn> for Many<'_> {}

            impl diesel::query_builder::QueryFragment<diesel::pg::Pg> for Many<'_> {
                fn walk_ast<'b>(
                    &'b self,
                    mut out: diesel::query_builder::AstPass<'_, 'b, diesel::pg::Pg>,
                ) -> diesel::QueryResult<()> {
                    self.0.walk(&mut out)
                }
            }

            struct One<'a>(Change<'a>);

            impl diesel::query_builder::QueryId for One<'_> {
                type QueryId = One<'static>;
                const HAS_STATIC_QUERY_ID: bool = true;
            }

            impl<Conn> diesel::RunQueryDsl<Conn> for One<'_> {}

            impl diesel::query_builder::QueryFragment<diesel::sqlite::Sqlite> for One<'_> {
                fn walk_ast<'b>(
                    &'b self,
                    mut out: diesel::query_builder::AstPass<'_, 'b, diesel::sqlite::Sqlite>,
                ) -> diesel::QueryResult<()> {
                    out.push_sql(concat!("UPDATE ", stringify!($table), " SET ", stringify!($first), " = "));
                    out.push_bind_param::<<$first_ty as Column>::Sql, _>(&self.0.$first)?;
                    $(
                        out.push_sql(concat!(", ", stringify!($column), " = "));
                        out.push_bind_param::<<$ty as Column>::Sql, _>(&self.0.$column)?;
                    )*
                    out.push_sql(concat!(" WHERE ", stringify!($key), " = "));
                    out.push_bind_param::<<$key_ty as Column>::Sql, _>(&self.0.$key)?;
                    $(
                        out.push_sql(concat!(" AND ", stringify!($also_key), " = "));
                        out.push_bind_param::<<$also_key_ty as Column>::Sql, _>(&self.0.$also_key)?;
                    )*
                    Ok(())
                }
            }

            /// Makes these changes.
            pub(in crate::store) fn make(
                connection: &mut Connection,
                changes: InOrder<Change<'_>>,
            ) -> Result<(), StoreError> {
                if changes.is_empty() {
                    return Ok(());
                }
                let len = changes.len();
                match connection {
                    Connection::Postgres(connection) => {
                        expect_rows(stringify!($table), Many(Columns::of(changes)).execute(connection)?, len)
                    }
                    Connection::Sqlite(connection) => make_each(connection, changes),
                }
            }

            /// Makes these changes in SQLite, one by one.
            pub(in crate::store) fn make_each(
                connection: &mut diesel::SqliteConnection,
                changes: InOrder<Change<'_>>,
            ) -> Result<(), StoreError> {
                for change in changes {
                    expect_rows(stringify!($table), One(change).execute(connection)?, 1)?;
                }
                Ok(())
            }
        }
    };
}
pub(in crate::store) use update;
