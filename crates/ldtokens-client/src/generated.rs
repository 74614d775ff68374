// Made from openapi.yaml by `cargo xtask generate`. Do not edit: edit openapi.yaml and run it again.

#[allow(unused_imports)]
pub use progenitor_client::{ByteStream, ClientInfo, Error, ResponseValue};
#[allow(unused_imports)]
use progenitor_client::{encode_path, ClientHooks, OperationInfo, RequestBuilderExt};
/// Types used as operation parameters and responses.
#[allow(clippy::all)]
pub mod types {
    crate::open_enum::open_enum! {
        #[doc = "A base role that a new token can be given."] pub enum BaseRole { Reader
        = "reader", Writer = "writer", Admin = "admin", }
    }
    ///Why a request was refused.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct ErrorRep {
        ///What went wrong, for programs.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub code: ::std::option::Option<::std::string::String>,
        ///A reference to give to support.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub id: ::std::option::Option<::std::string::String>,
        ///What went wrong, for people.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub message: ::std::option::Option<::std::string::String>,
    }
    impl ErrorRep {
        pub fn builder() -> builder::ErrorRep {
            Default::default()
        }
    }
    ///The operations of a JSON Patch (RFC 6902), applied in order, all or none.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
    #[serde(transparent)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    pub struct JsonPatch(
        #[serde(deserialize_with = "crate::lenient::null_is_empty")]
        pub ::std::vec::Vec<PatchOperation>,
    );
    impl ::std::ops::Deref for JsonPatch {
        type Target = ::std::vec::Vec<PatchOperation>;
        fn deref(&self) -> &::std::vec::Vec<PatchOperation> {
            &self.0
        }
    }
    impl ::std::convert::From<JsonPatch> for ::std::vec::Vec<PatchOperation> {
        fn from(value: JsonPatch) -> Self {
            value.0
        }
    }
    impl ::std::convert::From<::std::vec::Vec<PatchOperation>> for JsonPatch {
        fn from(value: ::std::vec::Vec<PatchOperation>) -> Self {
            Self(value)
        }
    }
    ///The member that a token belongs to.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct MemberSummary {
        ///The member's email address.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub email: ::std::option::Option<::std::string::String>,
        ///The member's first name.
        #[serde(
            rename = "firstName",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub first_name: ::std::option::Option<::std::string::String>,
        ///The member's ID.
        #[serde(rename = "_id", skip_serializing_if = "::std::option::Option::is_none")]
        pub id: ::std::option::Option<::std::string::String>,
        ///The member's last name.
        #[serde(
            rename = "lastName",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub last_name: ::std::option::Option<::std::string::String>,
        #[serde(
            rename = "_links",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub links: ::std::option::Option<crate::Links>,
        ///The member's base role.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub role: ::std::option::Option<crate::Role>,
    }
    impl MemberSummary {
        pub fn builder() -> builder::MemberSummary {
            Default::default()
        }
    }
    ///A JSON Patch (RFC 6902), alone or with a comment.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
    #[serde(untagged)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub enum PatchDelta {
        JsonPatch(JsonPatch),
        PatchWithComment(PatchWithComment),
    }
    impl ::std::convert::From<JsonPatch> for PatchDelta {
        fn from(value: JsonPatch) -> Self {
            Self::JsonPatch(value)
        }
    }
    impl ::std::convert::From<PatchWithComment> for PatchDelta {
        fn from(value: PatchWithComment) -> Self {
            Self::PatchWithComment(value)
        }
    }
    ///One operation of a JSON Patch (RFC 6902, section 4).
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct PatchOperation {
        ///A JSON Pointer (RFC 6901) to the source of a `move` or `copy`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub from: ::std::option::Option<::std::string::String>,
        ///What to do. If a `test` fails, the whole patch fails.
        pub op: PatchOperationOp,
        ///A JSON Pointer (RFC 6901) to the place in the token where the operation applies.
        pub path: ::std::string::String,
        ///Any JSON value, for `add`, `replace` and `test`.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default, deserialize_with = "crate::lenient::any")]
        pub value: ::std::option::Option<::serde_json::Value>,
    }
    impl PatchOperation {
        pub fn builder() -> builder::PatchOperation {
            Default::default()
        }
    }
    crate::open_enum::open_enum! {
        #[doc = "What to do. If a `test` fails, the whole patch fails."] pub enum
        PatchOperationOp { Add = "add", Remove = "remove", Replace = "replace", Move =
        "move", Copy = "copy", Test = "test", }
    }
    ///A JSON Patch together with a comment for the audit log.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct PatchWithComment {
        ///Why the change is made.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub comment: ::std::option::Option<::std::string::String>,
        pub patch: JsonPatch,
    }
    impl PatchWithComment {
        pub fn builder() -> builder::PatchWithComment {
            Default::default()
        }
    }
    ///One statement of a policy. It has either `resources` or `notResources`, and either `actions` or `notActions`.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct Statement {
        ///The actions that the statement applies to.
        #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
        #[serde(deserialize_with = "crate::lenient::null_is_empty")]
        pub actions: ::std::vec::Vec<::std::string::String>,
        ///Whether the statement allows or denies. A statement that denies overrides one that allows.
        pub effect: StatementEffect,
        ///The statement applies to all actions except these.
        #[serde(
            rename = "notActions",
            default,
            skip_serializing_if = "::std::vec::Vec::is_empty"
        )]
        #[serde(deserialize_with = "crate::lenient::null_is_empty")]
        pub not_actions: ::std::vec::Vec<::std::string::String>,
        ///The statement applies to all resources except these.
        #[serde(
            rename = "notResources",
            default,
            skip_serializing_if = "::std::vec::Vec::is_empty"
        )]
        #[serde(deserialize_with = "crate::lenient::null_is_empty")]
        pub not_resources: ::std::vec::Vec<::std::string::String>,
        ///The resources that the statement applies to.
        #[serde(default, skip_serializing_if = "::std::vec::Vec::is_empty")]
        #[serde(deserialize_with = "crate::lenient::null_is_empty")]
        pub resources: ::std::vec::Vec<::std::string::String>,
        #[serde(flatten)]
        ///Properties that the document does not name, as they came.
        pub extra: crate::Extra,
    }
    impl Statement {
        pub fn builder() -> builder::Statement {
            Default::default()
        }
    }
    crate::open_enum::open_enum! {
        #[doc =
        "Whether the statement allows or denies. A statement that denies overrides one that allows."]
        pub enum StatementEffect { Allow = "allow", Deny = "deny", }
    }
    ///An access token. Only the responses to `postToken` and `resetToken` contain its whole secret.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct Token {
        ///When the token was created, as a Unix time in milliseconds.
        #[serde(rename = "creationDate")]
        pub creation_date: crate::UnixMillis,
        ///The custom roles that give the token its permissions, by ID or key.
        #[serde(
            rename = "customRoleIds",
            default,
            skip_serializing_if = "::std::vec::Vec::is_empty"
        )]
        #[serde(deserialize_with = "crate::lenient::null_is_empty")]
        pub custom_role_ids: ::std::vec::Vec<::std::string::String>,
        ///The API version for requests with this token that do not name one: 20160426, 20191212, 20210729, 20220603 or 20240415.
        #[serde(
            rename = "defaultApiVersion",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default, deserialize_with = "crate::lenient::whole_numbers")]
        pub default_api_version: ::std::option::Option<i64>,
        ///What the token is for.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub description: ::std::option::Option<::std::string::String>,
        ///When the token expires, as a Unix time in milliseconds. From then on the API refuses it. Absent if it never expires. A patch can add, replace or remove it.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        #[serde(default, deserialize_with = "crate::lenient::zero_is_absent")]
        pub expiry: ::std::option::Option<crate::UnixMillis>,
        ///The token's ID.
        #[serde(rename = "_id")]
        pub id: crate::TokenId,
        ///The policy that gives the token its permissions, in place of a role.
        #[serde(
            rename = "inlineRole",
            default,
            skip_serializing_if = "::std::vec::Vec::is_empty"
        )]
        #[serde(deserialize_with = "crate::lenient::null_is_empty")]
        pub inline_role: ::std::vec::Vec<Statement>,
        ///When the token last changed, as a Unix time in milliseconds.
        #[serde(rename = "lastModified")]
        pub last_modified: crate::UnixMillis,
        ///When the token last authenticated a request, as a Unix time in milliseconds. Absent or 0 if it never has.
        #[serde(
            rename = "lastUsed",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default, deserialize_with = "crate::lenient::zero_is_absent")]
        pub last_used: ::std::option::Option<crate::UnixMillis>,
        #[serde(
            rename = "_links",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub links: ::std::option::Option<crate::Links>,
        #[serde(
            rename = "_member",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub member: ::std::option::Option<MemberSummary>,
        ///The ID of the member who created the token.
        #[serde(rename = "memberId")]
        pub member_id: ::std::string::String,
        ///A human-friendly name for the token.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub name: ::std::option::Option<::std::string::String>,
        ///The ID of the member who owns the account.
        #[serde(rename = "ownerId")]
        pub owner_id: ::std::string::String,
        ///The base role that gives the token its permissions.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub role: ::std::option::Option<crate::Role>,
        ///Whether this is a service token, which keeps working when the member who created it leaves, or a personal token.
        #[serde(
            rename = "serviceToken",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub service_token: ::std::option::Option<bool>,
        ///The whole secret in the responses to `postToken` and `resetToken`; the last four characters of the secret in all other responses.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub token: ::std::option::Option<crate::Secret>,
        #[serde(flatten)]
        ///Properties that the document does not name, as they came.
        pub extra: crate::Extra,
    }
    impl Token {
        pub fn builder() -> builder::Token {
            Default::default()
        }
    }
    ///A token to create. Exactly one of `role`, `customRoleIds` and `inlineRole` gives the token its permissions.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, Default, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct TokenBody {
        ///The custom roles that give the token its permissions, by ID or key.
        #[serde(
            rename = "customRoleIds",
            default,
            skip_serializing_if = "::std::vec::Vec::is_empty"
        )]
        #[serde(deserialize_with = "crate::lenient::null_is_empty")]
        pub custom_role_ids: ::std::vec::Vec<::std::string::String>,
        ///The API version for requests with this token that do not name one: 20160426, 20191212, 20210729, 20220603 or 20240415. Cannot be changed later.
        #[serde(
            rename = "defaultApiVersion",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default, deserialize_with = "crate::lenient::whole_numbers")]
        pub default_api_version: ::std::option::Option<i64>,
        ///What the token is for.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub description: ::std::option::Option<::std::string::String>,
        ///When the token expires, as a Unix time in milliseconds. By default it never does. The response shows whether the API has applied it.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub expiry: ::std::option::Option<crate::UnixMillis>,
        ///A policy that gives the token its permissions, in place of a role.
        #[serde(
            rename = "inlineRole",
            default,
            skip_serializing_if = "::std::vec::Vec::is_empty"
        )]
        #[serde(deserialize_with = "crate::lenient::null_is_empty")]
        pub inline_role: ::std::vec::Vec<Statement>,
        ///A human-friendly name for the token.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub name: ::std::option::Option<::std::string::String>,
        ///The base role that gives the token its permissions.
        #[serde(skip_serializing_if = "::std::option::Option::is_none")]
        pub role: ::std::option::Option<BaseRole>,
        ///Whether to create a service token, which keeps working when the member who creates it leaves. Cannot be changed later.
        #[serde(
            rename = "serviceToken",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub service_token: ::std::option::Option<bool>,
    }
    impl TokenBody {
        pub fn builder() -> builder::TokenBody {
            Default::default()
        }
    }
    ///A page of access tokens.
    #[derive(::serde::Deserialize, ::serde::Serialize, Clone, Debug, PartialEq)]
    #[cfg_attr(feature = "schemars", derive(schemars::JsonSchema))]
    #[non_exhaustive]
    pub struct Tokens {
        ///The tokens of this page.
        #[serde(deserialize_with = "crate::lenient::null_is_empty")]
        pub items: ::std::vec::Vec<Token>,
        #[serde(
            rename = "_links",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        pub links: ::std::option::Option<crate::Links>,
        ///How many tokens there are on all pages together.
        #[serde(
            rename = "totalCount",
            skip_serializing_if = "::std::option::Option::is_none"
        )]
        #[serde(default, deserialize_with = "crate::lenient::whole_numbers")]
        pub total_count: ::std::option::Option<i64>,
    }
    impl Tokens {
        pub fn builder() -> builder::Tokens {
            Default::default()
        }
    }
    /// Types for composing complex structures.
    pub mod builder {
        #[derive(Clone, Debug)]
        pub struct ErrorRep {
            code: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            id: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            message: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for ErrorRep {
            fn default() -> Self {
                Self {
                    code: Ok(Default::default()),
                    id: Ok(Default::default()),
                    message: Ok(Default::default()),
                }
            }
        }
        impl ErrorRep {
            pub fn code<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.code = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for code: {e}")
                    });
                self
            }
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn message<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.message = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for message: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<ErrorRep> for super::ErrorRep {
            type Error = super::error::ConversionError;
            fn try_from(
                value: ErrorRep,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    code: value.code?,
                    id: value.id?,
                    message: value.message?,
                })
            }
        }
        impl ::std::convert::From<super::ErrorRep> for ErrorRep {
            fn from(value: super::ErrorRep) -> Self {
                Self {
                    code: Ok(value.code),
                    id: Ok(value.id),
                    message: Ok(value.message),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct MemberSummary {
            email: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            first_name: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            id: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            last_name: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            links: ::std::result::Result<
                ::std::option::Option<crate::Links>,
                ::std::string::String,
            >,
            role: ::std::result::Result<
                ::std::option::Option<crate::Role>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for MemberSummary {
            fn default() -> Self {
                Self {
                    email: Ok(Default::default()),
                    first_name: Ok(Default::default()),
                    id: Ok(Default::default()),
                    last_name: Ok(Default::default()),
                    links: Ok(Default::default()),
                    role: Ok(Default::default()),
                }
            }
        }
        impl MemberSummary {
            pub fn email<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.email = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for email: {e}")
                    });
                self
            }
            pub fn first_name<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.first_name = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for first_name: {e}")
                    });
                self
            }
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn last_name<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.last_name = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for last_name: {e}")
                    });
                self
            }
            pub fn links<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<crate::Links>>,
                T::Error: ::std::fmt::Display,
            {
                self.links = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for links: {e}")
                    });
                self
            }
            pub fn role<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<crate::Role>>,
                T::Error: ::std::fmt::Display,
            {
                self.role = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for role: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<MemberSummary> for super::MemberSummary {
            type Error = super::error::ConversionError;
            fn try_from(
                value: MemberSummary,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    email: value.email?,
                    first_name: value.first_name?,
                    id: value.id?,
                    last_name: value.last_name?,
                    links: value.links?,
                    role: value.role?,
                })
            }
        }
        impl ::std::convert::From<super::MemberSummary> for MemberSummary {
            fn from(value: super::MemberSummary) -> Self {
                Self {
                    email: Ok(value.email),
                    first_name: Ok(value.first_name),
                    id: Ok(value.id),
                    last_name: Ok(value.last_name),
                    links: Ok(value.links),
                    role: Ok(value.role),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct PatchOperation {
            from: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            op: ::std::result::Result<super::PatchOperationOp, ::std::string::String>,
            path: ::std::result::Result<::std::string::String, ::std::string::String>,
            value: ::std::result::Result<
                ::std::option::Option<::serde_json::Value>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for PatchOperation {
            fn default() -> Self {
                Self {
                    from: Ok(Default::default()),
                    op: Err("no value supplied for op".to_string()),
                    path: Err("no value supplied for path".to_string()),
                    value: Ok(Default::default()),
                }
            }
        }
        impl PatchOperation {
            pub fn from<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.from = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for from: {e}")
                    });
                self
            }
            pub fn op<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::PatchOperationOp>,
                T::Error: ::std::fmt::Display,
            {
                self.op = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for op: {e}"));
                self
            }
            pub fn path<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::string::String>,
                T::Error: ::std::fmt::Display,
            {
                self.path = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for path: {e}")
                    });
                self
            }
            pub fn value<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::serde_json::Value>>,
                T::Error: ::std::fmt::Display,
            {
                self.value = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for value: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<PatchOperation> for super::PatchOperation {
            type Error = super::error::ConversionError;
            fn try_from(
                value: PatchOperation,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    from: value.from?,
                    op: value.op?,
                    path: value.path?,
                    value: value.value?,
                })
            }
        }
        impl ::std::convert::From<super::PatchOperation> for PatchOperation {
            fn from(value: super::PatchOperation) -> Self {
                Self {
                    from: Ok(value.from),
                    op: Ok(value.op),
                    path: Ok(value.path),
                    value: Ok(value.value),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct PatchWithComment {
            comment: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            patch: ::std::result::Result<super::JsonPatch, ::std::string::String>,
        }
        impl ::std::default::Default for PatchWithComment {
            fn default() -> Self {
                Self {
                    comment: Ok(Default::default()),
                    patch: Err("no value supplied for patch".to_string()),
                }
            }
        }
        impl PatchWithComment {
            pub fn comment<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.comment = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for comment: {e}")
                    });
                self
            }
            pub fn patch<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::JsonPatch>,
                T::Error: ::std::fmt::Display,
            {
                self.patch = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for patch: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<PatchWithComment> for super::PatchWithComment {
            type Error = super::error::ConversionError;
            fn try_from(
                value: PatchWithComment,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    comment: value.comment?,
                    patch: value.patch?,
                })
            }
        }
        impl ::std::convert::From<super::PatchWithComment> for PatchWithComment {
            fn from(value: super::PatchWithComment) -> Self {
                Self {
                    comment: Ok(value.comment),
                    patch: Ok(value.patch),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Statement {
            actions: ::std::result::Result<
                ::std::vec::Vec<::std::string::String>,
                ::std::string::String,
            >,
            effect: ::std::result::Result<super::StatementEffect, ::std::string::String>,
            not_actions: ::std::result::Result<
                ::std::vec::Vec<::std::string::String>,
                ::std::string::String,
            >,
            not_resources: ::std::result::Result<
                ::std::vec::Vec<::std::string::String>,
                ::std::string::String,
            >,
            resources: ::std::result::Result<
                ::std::vec::Vec<::std::string::String>,
                ::std::string::String,
            >,
            extra: ::std::result::Result<crate::Extra, ::std::string::String>,
        }
        impl ::std::default::Default for Statement {
            fn default() -> Self {
                Self {
                    actions: Ok(Default::default()),
                    effect: Err("no value supplied for effect".to_string()),
                    not_actions: Ok(Default::default()),
                    not_resources: Ok(Default::default()),
                    resources: Ok(Default::default()),
                    extra: Err("no value supplied for extra".to_string()),
                }
            }
        }
        impl Statement {
            pub fn actions<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.actions = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for actions: {e}")
                    });
                self
            }
            pub fn effect<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<super::StatementEffect>,
                T::Error: ::std::fmt::Display,
            {
                self.effect = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for effect: {e}")
                    });
                self
            }
            pub fn not_actions<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.not_actions = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for not_actions: {e}")
                    });
                self
            }
            pub fn not_resources<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.not_resources = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for not_resources: {e}")
                    });
                self
            }
            pub fn resources<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.resources = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for resources: {e}")
                    });
                self
            }
            pub fn extra<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::Extra>,
                T::Error: ::std::fmt::Display,
            {
                self.extra = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for extra: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Statement> for super::Statement {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Statement,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    actions: value.actions?,
                    effect: value.effect?,
                    not_actions: value.not_actions?,
                    not_resources: value.not_resources?,
                    resources: value.resources?,
                    extra: value.extra?,
                })
            }
        }
        impl ::std::convert::From<super::Statement> for Statement {
            fn from(value: super::Statement) -> Self {
                Self {
                    actions: Ok(value.actions),
                    effect: Ok(value.effect),
                    not_actions: Ok(value.not_actions),
                    not_resources: Ok(value.not_resources),
                    resources: Ok(value.resources),
                    extra: Ok(value.extra),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Token {
            creation_date: ::std::result::Result<
                crate::UnixMillis,
                ::std::string::String,
            >,
            custom_role_ids: ::std::result::Result<
                ::std::vec::Vec<::std::string::String>,
                ::std::string::String,
            >,
            default_api_version: ::std::result::Result<
                ::std::option::Option<i64>,
                ::std::string::String,
            >,
            description: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            expiry: ::std::result::Result<
                ::std::option::Option<crate::UnixMillis>,
                ::std::string::String,
            >,
            id: ::std::result::Result<crate::TokenId, ::std::string::String>,
            inline_role: ::std::result::Result<
                ::std::vec::Vec<super::Statement>,
                ::std::string::String,
            >,
            last_modified: ::std::result::Result<
                crate::UnixMillis,
                ::std::string::String,
            >,
            last_used: ::std::result::Result<
                ::std::option::Option<crate::UnixMillis>,
                ::std::string::String,
            >,
            links: ::std::result::Result<
                ::std::option::Option<crate::Links>,
                ::std::string::String,
            >,
            member: ::std::result::Result<
                ::std::option::Option<super::MemberSummary>,
                ::std::string::String,
            >,
            member_id: ::std::result::Result<
                ::std::string::String,
                ::std::string::String,
            >,
            name: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            owner_id: ::std::result::Result<
                ::std::string::String,
                ::std::string::String,
            >,
            role: ::std::result::Result<
                ::std::option::Option<crate::Role>,
                ::std::string::String,
            >,
            service_token: ::std::result::Result<
                ::std::option::Option<bool>,
                ::std::string::String,
            >,
            token: ::std::result::Result<
                ::std::option::Option<crate::Secret>,
                ::std::string::String,
            >,
            extra: ::std::result::Result<crate::Extra, ::std::string::String>,
        }
        impl ::std::default::Default for Token {
            fn default() -> Self {
                Self {
                    creation_date: Err(
                        "no value supplied for creation_date".to_string(),
                    ),
                    custom_role_ids: Ok(Default::default()),
                    default_api_version: Ok(Default::default()),
                    description: Ok(Default::default()),
                    expiry: Ok(Default::default()),
                    id: Err("no value supplied for id".to_string()),
                    inline_role: Ok(Default::default()),
                    last_modified: Err(
                        "no value supplied for last_modified".to_string(),
                    ),
                    last_used: Ok(Default::default()),
                    links: Ok(Default::default()),
                    member: Ok(Default::default()),
                    member_id: Err("no value supplied for member_id".to_string()),
                    name: Ok(Default::default()),
                    owner_id: Err("no value supplied for owner_id".to_string()),
                    role: Ok(Default::default()),
                    service_token: Ok(Default::default()),
                    token: Ok(Default::default()),
                    extra: Err("no value supplied for extra".to_string()),
                }
            }
        }
        impl Token {
            pub fn creation_date<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::UnixMillis>,
                T::Error: ::std::fmt::Display,
            {
                self.creation_date = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for creation_date: {e}")
                    });
                self
            }
            pub fn custom_role_ids<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.custom_role_ids = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for custom_role_ids: {e}"
                        )
                    });
                self
            }
            pub fn default_api_version<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i64>>,
                T::Error: ::std::fmt::Display,
            {
                self.default_api_version = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for default_api_version: {e}"
                        )
                    });
                self
            }
            pub fn description<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.description = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for description: {e}")
                    });
                self
            }
            pub fn expiry<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<crate::UnixMillis>>,
                T::Error: ::std::fmt::Display,
            {
                self.expiry = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for expiry: {e}")
                    });
                self
            }
            pub fn id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::TokenId>,
                T::Error: ::std::fmt::Display,
            {
                self.id = value
                    .try_into()
                    .map_err(|e| format!("error converting supplied value for id: {e}"));
                self
            }
            pub fn inline_role<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::Statement>>,
                T::Error: ::std::fmt::Display,
            {
                self.inline_role = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for inline_role: {e}")
                    });
                self
            }
            pub fn last_modified<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::UnixMillis>,
                T::Error: ::std::fmt::Display,
            {
                self.last_modified = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for last_modified: {e}")
                    });
                self
            }
            pub fn last_used<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<crate::UnixMillis>>,
                T::Error: ::std::fmt::Display,
            {
                self.last_used = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for last_used: {e}")
                    });
                self
            }
            pub fn links<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<crate::Links>>,
                T::Error: ::std::fmt::Display,
            {
                self.links = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for links: {e}")
                    });
                self
            }
            pub fn member<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::MemberSummary>>,
                T::Error: ::std::fmt::Display,
            {
                self.member = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for member: {e}")
                    });
                self
            }
            pub fn member_id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::string::String>,
                T::Error: ::std::fmt::Display,
            {
                self.member_id = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for member_id: {e}")
                    });
                self
            }
            pub fn name<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.name = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for name: {e}")
                    });
                self
            }
            pub fn owner_id<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::string::String>,
                T::Error: ::std::fmt::Display,
            {
                self.owner_id = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for owner_id: {e}")
                    });
                self
            }
            pub fn role<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<crate::Role>>,
                T::Error: ::std::fmt::Display,
            {
                self.role = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for role: {e}")
                    });
                self
            }
            pub fn service_token<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<bool>>,
                T::Error: ::std::fmt::Display,
            {
                self.service_token = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for service_token: {e}")
                    });
                self
            }
            pub fn token<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<crate::Secret>>,
                T::Error: ::std::fmt::Display,
            {
                self.token = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for token: {e}")
                    });
                self
            }
            pub fn extra<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<crate::Extra>,
                T::Error: ::std::fmt::Display,
            {
                self.extra = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for extra: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Token> for super::Token {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Token,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    creation_date: value.creation_date?,
                    custom_role_ids: value.custom_role_ids?,
                    default_api_version: value.default_api_version?,
                    description: value.description?,
                    expiry: value.expiry?,
                    id: value.id?,
                    inline_role: value.inline_role?,
                    last_modified: value.last_modified?,
                    last_used: value.last_used?,
                    links: value.links?,
                    member: value.member?,
                    member_id: value.member_id?,
                    name: value.name?,
                    owner_id: value.owner_id?,
                    role: value.role?,
                    service_token: value.service_token?,
                    token: value.token?,
                    extra: value.extra?,
                })
            }
        }
        impl ::std::convert::From<super::Token> for Token {
            fn from(value: super::Token) -> Self {
                Self {
                    creation_date: Ok(value.creation_date),
                    custom_role_ids: Ok(value.custom_role_ids),
                    default_api_version: Ok(value.default_api_version),
                    description: Ok(value.description),
                    expiry: Ok(value.expiry),
                    id: Ok(value.id),
                    inline_role: Ok(value.inline_role),
                    last_modified: Ok(value.last_modified),
                    last_used: Ok(value.last_used),
                    links: Ok(value.links),
                    member: Ok(value.member),
                    member_id: Ok(value.member_id),
                    name: Ok(value.name),
                    owner_id: Ok(value.owner_id),
                    role: Ok(value.role),
                    service_token: Ok(value.service_token),
                    token: Ok(value.token),
                    extra: Ok(value.extra),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct TokenBody {
            custom_role_ids: ::std::result::Result<
                ::std::vec::Vec<::std::string::String>,
                ::std::string::String,
            >,
            default_api_version: ::std::result::Result<
                ::std::option::Option<i64>,
                ::std::string::String,
            >,
            description: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            expiry: ::std::result::Result<
                ::std::option::Option<crate::UnixMillis>,
                ::std::string::String,
            >,
            inline_role: ::std::result::Result<
                ::std::vec::Vec<super::Statement>,
                ::std::string::String,
            >,
            name: ::std::result::Result<
                ::std::option::Option<::std::string::String>,
                ::std::string::String,
            >,
            role: ::std::result::Result<
                ::std::option::Option<super::BaseRole>,
                ::std::string::String,
            >,
            service_token: ::std::result::Result<
                ::std::option::Option<bool>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for TokenBody {
            fn default() -> Self {
                Self {
                    custom_role_ids: Ok(Default::default()),
                    default_api_version: Ok(Default::default()),
                    description: Ok(Default::default()),
                    expiry: Ok(Default::default()),
                    inline_role: Ok(Default::default()),
                    name: Ok(Default::default()),
                    role: Ok(Default::default()),
                    service_token: Ok(Default::default()),
                }
            }
        }
        impl TokenBody {
            pub fn custom_role_ids<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.custom_role_ids = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for custom_role_ids: {e}"
                        )
                    });
                self
            }
            pub fn default_api_version<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i64>>,
                T::Error: ::std::fmt::Display,
            {
                self.default_api_version = value
                    .try_into()
                    .map_err(|e| {
                        format!(
                            "error converting supplied value for default_api_version: {e}"
                        )
                    });
                self
            }
            pub fn description<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.description = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for description: {e}")
                    });
                self
            }
            pub fn expiry<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<crate::UnixMillis>>,
                T::Error: ::std::fmt::Display,
            {
                self.expiry = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for expiry: {e}")
                    });
                self
            }
            pub fn inline_role<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::Statement>>,
                T::Error: ::std::fmt::Display,
            {
                self.inline_role = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for inline_role: {e}")
                    });
                self
            }
            pub fn name<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<::std::string::String>>,
                T::Error: ::std::fmt::Display,
            {
                self.name = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for name: {e}")
                    });
                self
            }
            pub fn role<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<super::BaseRole>>,
                T::Error: ::std::fmt::Display,
            {
                self.role = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for role: {e}")
                    });
                self
            }
            pub fn service_token<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<bool>>,
                T::Error: ::std::fmt::Display,
            {
                self.service_token = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for service_token: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<TokenBody> for super::TokenBody {
            type Error = super::error::ConversionError;
            fn try_from(
                value: TokenBody,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    custom_role_ids: value.custom_role_ids?,
                    default_api_version: value.default_api_version?,
                    description: value.description?,
                    expiry: value.expiry?,
                    inline_role: value.inline_role?,
                    name: value.name?,
                    role: value.role?,
                    service_token: value.service_token?,
                })
            }
        }
        impl ::std::convert::From<super::TokenBody> for TokenBody {
            fn from(value: super::TokenBody) -> Self {
                Self {
                    custom_role_ids: Ok(value.custom_role_ids),
                    default_api_version: Ok(value.default_api_version),
                    description: Ok(value.description),
                    expiry: Ok(value.expiry),
                    inline_role: Ok(value.inline_role),
                    name: Ok(value.name),
                    role: Ok(value.role),
                    service_token: Ok(value.service_token),
                }
            }
        }
        #[derive(Clone, Debug)]
        pub struct Tokens {
            items: ::std::result::Result<
                ::std::vec::Vec<super::Token>,
                ::std::string::String,
            >,
            links: ::std::result::Result<
                ::std::option::Option<crate::Links>,
                ::std::string::String,
            >,
            total_count: ::std::result::Result<
                ::std::option::Option<i64>,
                ::std::string::String,
            >,
        }
        impl ::std::default::Default for Tokens {
            fn default() -> Self {
                Self {
                    items: Err("no value supplied for items".to_string()),
                    links: Ok(Default::default()),
                    total_count: Ok(Default::default()),
                }
            }
        }
        impl Tokens {
            pub fn items<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::vec::Vec<super::Token>>,
                T::Error: ::std::fmt::Display,
            {
                self.items = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for items: {e}")
                    });
                self
            }
            pub fn links<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<crate::Links>>,
                T::Error: ::std::fmt::Display,
            {
                self.links = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for links: {e}")
                    });
                self
            }
            pub fn total_count<T>(mut self, value: T) -> Self
            where
                T: ::std::convert::TryInto<::std::option::Option<i64>>,
                T::Error: ::std::fmt::Display,
            {
                self.total_count = value
                    .try_into()
                    .map_err(|e| {
                        format!("error converting supplied value for total_count: {e}")
                    });
                self
            }
        }
        impl ::std::convert::TryFrom<Tokens> for super::Tokens {
            type Error = super::error::ConversionError;
            fn try_from(
                value: Tokens,
            ) -> ::std::result::Result<Self, super::error::ConversionError> {
                Ok(Self {
                    items: value.items?,
                    links: value.links?,
                    total_count: value.total_count?,
                })
            }
        }
        impl ::std::convert::From<super::Tokens> for Tokens {
            fn from(value: super::Tokens) -> Self {
                Self {
                    items: Ok(value.items),
                    links: Ok(value.links),
                    total_count: Ok(value.total_count),
                }
            }
        }
    }
    /// Error types.
    pub mod error {
        /// Error from a `TryFrom` or `FromStr` implementation.
        pub struct ConversionError(::std::borrow::Cow<'static, str>);
        impl ::std::error::Error for ConversionError {}
        impl ::std::fmt::Display for ConversionError {
            fn fmt(
                &self,
                f: &mut ::std::fmt::Formatter<'_>,
            ) -> Result<(), ::std::fmt::Error> {
                ::std::fmt::Display::fmt(&self.0, f)
            }
        }
        impl ::std::fmt::Debug for ConversionError {
            fn fmt(
                &self,
                f: &mut ::std::fmt::Formatter<'_>,
            ) -> Result<(), ::std::fmt::Error> {
                ::std::fmt::Debug::fmt(&self.0, f)
            }
        }
        impl From<&'static str> for ConversionError {
            fn from(value: &'static str) -> Self {
                Self(value.into())
            }
        }
        impl From<String> for ConversionError {
            fn from(value: String) -> Self {
                Self(value.into())
            }
        }
    }
}
#[derive(Clone, Debug)]
/**Client for LaunchDarkly access tokens

Create, list, read, change, rotate and delete the access tokens of a LaunchDarkly account.

Every request must have the secret of an access token in the `Authorization` header, without a prefix. It should also
name the API version that it was written for in the `LD-API-Version` header: `20160426`, `20191212`, `20210729`,
`20220603`, `20240415`, or `beta` for resources in beta. Without that header, the token's `defaultApiVersion` applies. The
response to an unknown version is 400.

All times are Unix times in milliseconds.

Version: 2.0*/
pub struct Client {
    pub(crate) baseurl: String,
    pub(crate) client: reqwest::Client,
    pub(crate) inner: crate::SharedTransport,
}
impl Client {
    /// Create a new client.
    ///
    /// `baseurl` is the base URL provided to the internal
    /// `reqwest::Client`, and should include a scheme and hostname,
    /// as well as port and a path stem if applicable.
    pub fn new(baseurl: &str, inner: crate::SharedTransport) -> Self {
        #[cfg(not(target_arch = "wasm32"))]
        let client = {
            let dur = ::std::time::Duration::from_secs(15u64);
            reqwest::ClientBuilder::new().connect_timeout(dur).timeout(dur)
        };
        #[cfg(target_arch = "wasm32")]
        let client = reqwest::ClientBuilder::new();
        Self::new_with_client(baseurl, client.build().unwrap(), inner)
    }
    /// Construct a new client with an existing `reqwest::Client`,
    /// allowing more control over its configuration.
    ///
    /// `baseurl` is the base URL provided to the internal
    /// `reqwest::Client`, and should include a scheme and hostname,
    /// as well as port and a path stem if applicable.
    pub fn new_with_client(
        baseurl: &str,
        client: reqwest::Client,
        inner: crate::SharedTransport,
    ) -> Self {
        Self {
            baseurl: baseurl.to_string(),
            client,
            inner,
        }
    }
}
impl ClientInfo<crate::SharedTransport> for Client {
    fn api_version() -> &'static str {
        "2.0"
    }
    fn baseurl(&self) -> &str {
        self.baseurl.as_str()
    }
    fn client(&self) -> &reqwest::Client {
        &self.client
    }
    fn inner(&self) -> &crate::SharedTransport {
        &self.inner
    }
}
impl ClientHooks<crate::SharedTransport> for &Client {}
impl Client {
    /**List access tokens

Returns a list of tokens in the account: the caller's own personal tokens and the service tokens. With an Admin credential and `showAll=true`, it also returns the personal tokens of all members.

Sends a `GET` request to `/tokens`

Arguments:
- `limit`: How many tokens to return at most. Default: 25 since API version 20240415; earlier versions return all.
- `offset`: How many tokens to skip. Default: 0.
- `show_all`: If set to true, and the authentication access token has the "Admin" role, personal access tokens for all members will be retrieved.
```ignore
let response = client.get_tokens()
    .limit(limit)
    .offset(offset)
    .show_all(show_all)
    .send()
    .await;
```*/
    pub fn get_tokens(&self) -> builder::GetTokens<'_> {
        builder::GetTokens::new(self)
    }
    /**Create an access token

Create a new token. Only this response contains the whole secret.

Sends a `POST` request to `/tokens`

Arguments:
- `body`: Create a new access token.
```ignore
let response = client.post_token()
    .body(body)
    .send()
    .await;
```*/
    pub fn post_token(&self) -> builder::PostToken<'_> {
        builder::PostToken::new(self)
    }
    /**Get an access token

Get a single access token by ID.

Sends a `GET` request to `/tokens/{tokenId}`

Arguments:
- `token_id`: The access token ID.
```ignore
let response = client.get_token()
    .token_id(token_id)
    .send()
    .await;
```*/
    pub fn get_token(&self) -> builder::GetToken<'_> {
        builder::GetToken::new(self)
    }
    /**Delete an access token

Delete an access token by ID. Its secret stops working at once.

Sends a `DELETE` request to `/tokens/{tokenId}`

Arguments:
- `token_id`: The access token ID.
```ignore
let response = client.delete_token()
    .token_id(token_id)
    .send()
    .await;
```*/
    pub fn delete_token(&self) -> builder::DeleteToken<'_> {
        builder::DeleteToken::new(self)
    }
    /**Update an access token

Modify an access token by ID. The body is a JSON Patch (RFC 6902), alone or with a comment. Either all of its operations are applied or none is.

Sends a `PATCH` request to `/tokens/{tokenId}`

Arguments:
- `token_id`: The access token ID.
- `body`: Requires a JSON Patch representation of the desired changes to the token: <http://jsonpatch.com/>
```ignore
let response = client.patch_token()
    .token_id(token_id)
    .body(body)
    .send()
    .await;
```*/
    pub fn patch_token(&self) -> builder::PatchToken<'_> {
        builder::PatchToken::new(self)
    }
    /**Reset an access token's secret

Reset an access token's secret, with an optional expiry time for the old secret. Until that time, both secrets work. Only this response contains the whole new secret. LaunchDarkly has deprecated this operation: it advises to create another token, and to patch the `expiry` of the old one.

Sends a `POST` request to `/tokens/{tokenId}/reset`

Arguments:
- `token_id`: The access token ID.
- `expiry`: When the old secret stops working, as a Unix epoch time in milliseconds. By default, it stops working at once.
```ignore
let response = client.reset_token()
    .token_id(token_id)
    .expiry(expiry)
    .send()
    .await;
```*/
    pub fn reset_token(&self) -> builder::ResetToken<'_> {
        builder::ResetToken::new(self)
    }
}
/// Types for composing operation parameters.
#[allow(clippy::all)]
pub mod builder {
    use super::types;
    #[allow(unused_imports)]
    use super::{
        encode_path, ByteStream, ClientInfo, ClientHooks, Error, OperationInfo,
        RequestBuilderExt, ResponseValue,
    };
    /**Builder for [`Client::get_tokens`]

[`Client::get_tokens`]: super::Client::get_tokens*/
    #[derive(Debug, Clone)]
    pub struct GetTokens<'a> {
        client: &'a super::Client,
        limit: Result<Option<::std::num::NonZeroU64>, String>,
        offset: Result<Option<i64>, String>,
        show_all: Result<Option<bool>, String>,
    }
    impl<'a> GetTokens<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                limit: Ok(None),
                offset: Ok(None),
                show_all: Ok(None),
            }
        }
        pub fn limit<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<::std::num::NonZeroU64>,
        {
            self.limit = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `:: std :: num :: NonZeroU64` for limit failed"
                        .to_string()
                });
            self
        }
        pub fn offset<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<i64>,
        {
            self.offset = value
                .try_into()
                .map(Some)
                .map_err(|_| "conversion to `i64` for offset failed".to_string());
            self
        }
        pub fn show_all<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<bool>,
        {
            self.show_all = value
                .try_into()
                .map(Some)
                .map_err(|_| "conversion to `bool` for show_all failed".to_string());
            self
        }
        ///Sends a `GET` request to `/tokens`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Tokens>, Error<types::ErrorRep>> {
            let Self { client, limit, offset, show_all } = self;
            let limit = limit.map_err(Error::InvalidRequest)?;
            let offset = offset.map_err(Error::InvalidRequest)?;
            let show_all = show_all.map_err(Error::InvalidRequest)?;
            let url = format!("{}/tokens", client.baseurl,);
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("limit", &limit))
                .query(&progenitor_client::QueryParam::new("offset", &offset))
                .query(&progenitor_client::QueryParam::new("showAll", &show_all))
                .build()?;
            let info = OperationInfo {
                operation_id: "get_tokens",
            };
            client.pre(&mut request, &info).await?;
            let response = crate::transport::exchange(client, request, info.operation_id)
                .await?;
            match response.status().as_u16() {
                200u16 => crate::decode::decode(response),
                400u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                401u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                403u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                429u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                _ => Err(Error::UnexpectedResponse(response.into())),
            }
        }
    }
    /**Builder for [`Client::post_token`]

[`Client::post_token`]: super::Client::post_token*/
    #[derive(Debug, Clone)]
    pub struct PostToken<'a> {
        client: &'a super::Client,
        body: Result<types::builder::TokenBody, String>,
    }
    impl<'a> PostToken<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                body: Ok(::std::default::Default::default()),
            }
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::TokenBody>,
            <V as std::convert::TryInto<types::TokenBody>>::Error: std::fmt::Display,
        {
            self.body = value
                .try_into()
                .map(From::from)
                .map_err(|s| {
                    format!("conversion to `TokenBody` for body failed: {}", s)
                });
            self
        }
        pub fn body_map<F>(mut self, f: F) -> Self
        where
            F: std::ops::FnOnce(types::builder::TokenBody) -> types::builder::TokenBody,
        {
            self.body = self.body.map(f);
            self
        }
        ///Sends a `POST` request to `/tokens`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Token>, Error<types::ErrorRep>> {
            let Self { client, body } = self;
            let body = body
                .and_then(|v| types::TokenBody::try_from(v).map_err(|e| e.to_string()))
                .map_err(Error::InvalidRequest)?;
            let url = format!("{}/tokens", client.baseurl,);
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .build()?;
            let info = OperationInfo {
                operation_id: "post_token",
            };
            client.pre(&mut request, &info).await?;
            let response = crate::transport::exchange(client, request, info.operation_id)
                .await?;
            match response.status().as_u16() {
                201u16 => crate::decode::decode(response),
                400u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                401u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                403u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                429u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                _ => Err(Error::UnexpectedResponse(response.into())),
            }
        }
    }
    /**Builder for [`Client::get_token`]

[`Client::get_token`]: super::Client::get_token*/
    #[derive(Debug, Clone)]
    pub struct GetToken<'a> {
        client: &'a super::Client,
        token_id: Result<crate::TokenId, String>,
    }
    impl<'a> GetToken<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                token_id: Err("token_id was not initialized".to_string()),
            }
        }
        pub fn token_id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<crate::TokenId>,
        {
            self.token_id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `crate :: TokenId` for token_id failed".to_string()
                });
            self
        }
        ///Sends a `GET` request to `/tokens/{tokenId}`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Token>, Error<types::ErrorRep>> {
            let Self { client, token_id } = self;
            let token_id = token_id.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/tokens/{}", client.baseurl, encode_path(& token_id.to_string()),
            );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .get(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .build()?;
            let info = OperationInfo {
                operation_id: "get_token",
            };
            client.pre(&mut request, &info).await?;
            let response = crate::transport::exchange(client, request, info.operation_id)
                .await?;
            match response.status().as_u16() {
                200u16 => crate::decode::decode(response),
                400u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                401u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                403u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                404u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                429u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                _ => Err(Error::UnexpectedResponse(response.into())),
            }
        }
    }
    /**Builder for [`Client::delete_token`]

[`Client::delete_token`]: super::Client::delete_token*/
    #[derive(Debug, Clone)]
    pub struct DeleteToken<'a> {
        client: &'a super::Client,
        token_id: Result<crate::TokenId, String>,
    }
    impl<'a> DeleteToken<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                token_id: Err("token_id was not initialized".to_string()),
            }
        }
        pub fn token_id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<crate::TokenId>,
        {
            self.token_id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `crate :: TokenId` for token_id failed".to_string()
                });
            self
        }
        ///Sends a `DELETE` request to `/tokens/{tokenId}`
        pub async fn send(self) -> Result<ResponseValue<()>, Error<types::ErrorRep>> {
            let Self { client, token_id } = self;
            let token_id = token_id.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/tokens/{}", client.baseurl, encode_path(& token_id.to_string()),
            );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .delete(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .build()?;
            let info = OperationInfo {
                operation_id: "delete_token",
            };
            client.pre(&mut request, &info).await?;
            let response = crate::transport::exchange(client, request, info.operation_id)
                .await?;
            match response.status().as_u16() {
                204u16 => Ok(crate::decode::empty(response)),
                400u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                401u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                403u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                404u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                429u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                _ => Err(Error::UnexpectedResponse(response.into())),
            }
        }
    }
    /**Builder for [`Client::patch_token`]

[`Client::patch_token`]: super::Client::patch_token*/
    #[derive(Debug, Clone)]
    pub struct PatchToken<'a> {
        client: &'a super::Client,
        token_id: Result<crate::TokenId, String>,
        body: Result<types::PatchDelta, String>,
    }
    impl<'a> PatchToken<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                token_id: Err("token_id was not initialized".to_string()),
                body: Err("body was not initialized".to_string()),
            }
        }
        pub fn token_id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<crate::TokenId>,
        {
            self.token_id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `crate :: TokenId` for token_id failed".to_string()
                });
            self
        }
        pub fn body<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<types::PatchDelta>,
        {
            self.body = value
                .try_into()
                .map_err(|_| "conversion to `PatchDelta` for body failed".to_string());
            self
        }
        ///Sends a `PATCH` request to `/tokens/{tokenId}`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Token>, Error<types::ErrorRep>> {
            let Self { client, token_id, body } = self;
            let token_id = token_id.map_err(Error::InvalidRequest)?;
            let body = body.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/tokens/{}", client.baseurl, encode_path(& token_id.to_string()),
            );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .patch(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .json(&body)
                .build()?;
            let info = OperationInfo {
                operation_id: "patch_token",
            };
            client.pre(&mut request, &info).await?;
            let response = crate::transport::exchange(client, request, info.operation_id)
                .await?;
            match response.status().as_u16() {
                200u16 => crate::decode::decode(response),
                400u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                401u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                403u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                404u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                409u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                422u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                429u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                _ => Err(Error::UnexpectedResponse(response.into())),
            }
        }
    }
    /**Builder for [`Client::reset_token`]

[`Client::reset_token`]: super::Client::reset_token*/
    #[derive(Debug, Clone)]
    pub struct ResetToken<'a> {
        client: &'a super::Client,
        token_id: Result<crate::TokenId, String>,
        expiry: Result<Option<crate::UnixMillis>, String>,
    }
    impl<'a> ResetToken<'a> {
        pub fn new(client: &'a super::Client) -> Self {
            Self {
                client: client,
                token_id: Err("token_id was not initialized".to_string()),
                expiry: Ok(None),
            }
        }
        pub fn token_id<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<crate::TokenId>,
        {
            self.token_id = value
                .try_into()
                .map_err(|_| {
                    "conversion to `crate :: TokenId` for token_id failed".to_string()
                });
            self
        }
        pub fn expiry<V>(mut self, value: V) -> Self
        where
            V: std::convert::TryInto<crate::UnixMillis>,
        {
            self.expiry = value
                .try_into()
                .map(Some)
                .map_err(|_| {
                    "conversion to `crate :: UnixMillis` for expiry failed".to_string()
                });
            self
        }
        ///Sends a `POST` request to `/tokens/{tokenId}/reset`
        pub async fn send(
            self,
        ) -> Result<ResponseValue<types::Token>, Error<types::ErrorRep>> {
            let Self { client, token_id, expiry } = self;
            let token_id = token_id.map_err(Error::InvalidRequest)?;
            let expiry = expiry.map_err(Error::InvalidRequest)?;
            let url = format!(
                "{}/tokens/{}/reset", client.baseurl, encode_path(& token_id
                .to_string()),
            );
            #[allow(unused_mut)]
            let mut request = client
                .client
                .post(url)
                .header(
                    ::reqwest::header::ACCEPT,
                    ::reqwest::header::HeaderValue::from_static("application/json"),
                )
                .query(&progenitor_client::QueryParam::new("expiry", &expiry))
                .build()?;
            let info = OperationInfo {
                operation_id: "reset_token",
            };
            client.pre(&mut request, &info).await?;
            let response = crate::transport::exchange(client, request, info.operation_id)
                .await?;
            match response.status().as_u16() {
                200u16 => crate::decode::decode(response),
                400u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                401u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                403u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                404u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                429u16 => Err(Error::ErrorResponse(crate::decode::decode(response)?)),
                _ => Err(Error::UnexpectedResponse(response.into())),
            }
        }
    }
}
/// Items consumers will typically use such as the Client.
pub mod prelude {
    pub use self::super::Client;
}
