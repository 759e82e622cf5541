//! Attribute names, each declared once for `serde` and for expressions.

/// A field of a stored type.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// The field's name in expressions.
    pub name: &'static str,
    /// The attribute that stores the field.
    pub attribute: &'static str,
    /// The fields of the Map in that attribute. Empty: the attribute is no Map, or one with arbitrary keys.
    pub within: &'static [Field],
}

/// A type that is stored as an item, or as a Map within an item. `stored!` implements it.
pub trait Stored {
    /// The type's fields. Empty: expressions use the names of attributes.
    const FIELDS: &'static [Field];
}

impl Stored for super::Item {
    const FIELDS: &'static [Field] = &[];
}

/// Declares a stored struct. After each field comes the name of its attribute and, if that is a Map of known fields, the
/// Map's type.
macro_rules! stored {
    (
        $(#[$meta:meta])*
        $visibility:vis struct $type:ident {
            $($(#[$field_meta:meta])* $field_visibility:vis $field:ident: $field_type:ty = $attribute:literal $({ $within:ty })?),*
            $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(::serde::Serialize, ::serde::Deserialize)]
        $visibility struct $type {
            $($(#[$field_meta])* #[serde(rename = $attribute)] $field_visibility $field: $field_type),*
        }

        impl $crate::dynamodb::Stored for $type {
            const FIELDS: &'static [$crate::dynamodb::Field] = &[$($crate::dynamodb::Field {
                name: stringify!($field),
                attribute: $attribute,
                within: $crate::dynamodb::stored!(@within $($within)?),
            }),*];
        }
    };
    (@within) => { &[] };
    (@within $within:ty) => { <$within as $crate::dynamodb::Stored>::FIELDS };
}

pub(crate) use stored;
