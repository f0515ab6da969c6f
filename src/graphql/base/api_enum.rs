//! Enumerations of the API, each value one of the domain's.

/// Declares a GraphQL enumeration beside a domain's, and the exhaustive conversion to it.
macro_rules! api_enum {
    ($(#[$meta:meta])* $name:ident of $domain:path { $($(#[$value_meta:meta])* $value:ident,)+ }) => {
        $(#[$meta])*
        #[derive(async_graphql::Enum, Debug, Clone, Copy, PartialEq, Eq)]
        pub(in crate::graphql) enum $name { $($(#[$value_meta])* $value,)+ }

        impl From<$domain> for $name {
            fn from(value: $domain) -> Self {
                use $domain as Domain;
                match value { $(Domain::$value => Self::$value,)+ }
            }
        }

        impl From<$name> for $domain {
            fn from(value: $name) -> Self {
                use $domain as Domain;
                match value { $($name::$value => Domain::$value,)+ }
            }
        }
    };
}
pub(in crate::graphql) use api_enum;
