//! Relay connections: pages by opaque cursors, in one form for every list.

use async_graphql::{Error, SimpleObject};

use super::cursor::{cursor, plain_cursor, read_place_cursor};
use super::error::bad_input;
use super::limits::{PAGE_DEFAULT, PAGE_MAX};
use crate::store::base::look_up::Place;

/// Where a page stands in its list.
#[derive(SimpleObject)]
pub(in crate::graphql) struct PageInfo {
    /// Whether items follow this page.
    has_next_page: bool,
    /// Whether the page was asked for by a cursor, so that items may precede it.
    has_previous_page: bool,
    /// Cursor of the first item.
    start_cursor: Option<String>,
    /// Cursor of the last item; give it as `after` for the next page.
    end_cursor: Option<String>,
}

/// How much of a list is asked for.
pub(in crate::graphql) struct PageRequest {
    first: usize,
    after: Option<String>,
}

impl PageRequest {
    /// Checks `first` and reads `after`.
    pub(in crate::graphql) fn new(first: Option<i32>, after: Option<String>) -> Result<Self, Error> {
        let first = first.unwrap_or(PAGE_DEFAULT);
        if !(1..=PAGE_MAX).contains(&first) {
            return Err(bad_input(format!("`first` lies between 1 and {PAGE_MAX}.")));
        }
        let after = after.map(|after| plain_cursor(&after)).transpose()?;
        Ok(Self { first: usize::try_from(first).unwrap_or(1), after })
    }

    /// How many items to look up: one more than asked for tells whether more follow.
    pub(in crate::graphql) fn limit(&self) -> i64 {
        i64::try_from(self.first).unwrap_or(i64::MAX) + 1
    }

    /// The place after which a list that begins with the newest goes on.
    pub(in crate::graphql) fn after_place(&self) -> Result<Option<Place>, Error> {
        self.after().map(read_place_cursor).transpose()
    }

    /// The plain text of the cursor.
    pub(in crate::graphql) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Cuts what was looked up to the page and writes the cursors.
    pub(in crate::graphql) fn page<T>(
        &self,
        mut found: Vec<T>,
        plain_cursor: impl Fn(&T) -> String,
    ) -> (Vec<(String, T)>, PageInfo) {
        let has_next_page = found.len() > self.first;
        found.truncate(self.first);
        let items: Vec<(String, T)> =
            found.into_iter().map(|item| (cursor(&plain_cursor(&item)), item)).collect();
        let page_info = PageInfo {
            has_next_page,
            has_previous_page: self.after.is_some(),
            start_cursor: items.first().map(|(cursor, _)| cursor.clone()),
            end_cursor: items.last().map(|(cursor, _)| cursor.clone()),
        };
        (items, page_info)
    }
}

/// Declares the connection and edge of one kind of node.
macro_rules! connection {
    ($connection:ident, $edge:ident, $node:ty, $what:literal) => {
        pub(in crate::graphql) struct $connection {
            items: Vec<(String, $node)>,
            page_info: $crate::graphql::base::connection::PageInfo,
        }

        #[doc = concat!("A page of ", $what, ".")]
        #[async_graphql::Object]
        impl $connection {
            /// The items with their cursors.
            async fn edges(&self) -> $crate::graphql::base::outputs::List<$edge<'_>> {
                self.items.iter().map(|(cursor, node)| $edge { cursor, node }).collect()
            }

            /// The items alone.
            async fn nodes(&self) -> $crate::graphql::base::outputs::List<&$node> {
                self.items.iter().map(|(_, node)| node).collect()
            }

            /// Where the page stands in the list.
            async fn page_info(&self) -> &$crate::graphql::base::connection::PageInfo {
                &self.page_info
            }
        }

        impl $connection {
            pub(in crate::graphql) fn new<T>(
                (items, page_info): (Vec<(String, T)>, $crate::graphql::base::connection::PageInfo),
                node: impl Fn(T) -> $node,
            ) -> Self {
                Self {
                    items: items.into_iter().map(|(cursor, item)| (cursor, node(item))).collect(),
                    page_info,
                }
            }
        }

        pub(in crate::graphql) struct $edge<'a> {
            cursor: &'a str,
            node: &'a $node,
        }

        #[doc = concat!("One of ", $what, " with its place in the list.")]
        #[async_graphql::Object]
        impl $edge<'_> {
            /// Its place, to be given as `after`.
            async fn cursor(&self) -> &str {
                self.cursor
            }

            /// The item itself.
            async fn node(&self) -> &$node {
                self.node
            }
        }
    };
}
pub(in crate::graphql) use connection;
