// Made from openapi.yaml by `cargo xtask generate`. Do not edit: edit openapi.yaml and run it again.

//! The API's operations, as `openapi.yaml` describes them.
/// An operation of the API.
pub(crate) struct Operation {
    /// Its name.
    pub(crate) id: &'static str,
    /// Its HTTP method.
    pub(crate) method: &'static str,
    /// Its path below the API's, with parameters in braces.
    pub(crate) path: &'static str,
    /// What it does, in a few words.
    pub(crate) summary: &'static str,
    /// What it does.
    pub(crate) description: &'static str,
    /// Its parameters, in the path and in the query.
    pub(crate) parameters: &'static [Parameter],
    /// Its request body, if it takes one.
    pub(crate) body: Option<Body>,
    /// What it can be answered: the status, and what that means.
    pub(crate) answers: &'static [(&'static str, &'static str)],
}
/// A parameter of an operation, or a property of its body.
pub(crate) struct Parameter {
    /// Its name.
    pub(crate) name: &'static str,
    /// Whether it must be given.
    pub(crate) required: bool,
    /// What it can hold.
    pub(crate) kind: Kind,
    /// What it means.
    pub(crate) description: &'static str,
    /// A value it could have, as JSON.
    pub(crate) example: &'static str,
}
/// What a parameter can hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// `true` or `false`.
    Boolean,
    /// A whole number, at least `minimum`.
    Integer {
        /// The least value.
        minimum: i64,
    },
    /// A moment: a Unix time in milliseconds.
    Time,
    /// A text.
    Text,
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// JSON of another form.
    Json,
}
/// A request body.
pub(crate) struct Body {
    /// What it is.
    pub(crate) description: &'static str,
    /// Its properties. None if it is not an object.
    pub(crate) properties: &'static [Parameter],
    /// A body it could be, as JSON.
    pub(crate) example: &'static str,
}
/// All operations, in the document's order.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation {
        id: "getTokens",
        method: "GET",
        path: "/tokens",
        summary: "List access tokens",
        description: "Returns a list of tokens in the account: the caller's own personal tokens and the service tokens. With an Admin credential and `showAll=true`, the personal tokens of all members too.",
        parameters: &[
            Parameter {
                name: "showAll",
                required: false,
                kind: Kind::Boolean,
                description: "If set to true, and the authentication access token has the \"Admin\" role, personal access tokens for all members will be retrieved.",
                example: "true",
            },
            Parameter {
                name: "limit",
                required: false,
                kind: Kind::Integer { minimum: 1i64 },
                description: "How many tokens to return at most. 25 if absent, since API version 20240415; earlier versions return all.",
                example: "25",
            },
            Parameter {
                name: "offset",
                required: false,
                kind: Kind::Integer { minimum: 0i64 },
                description: "How many tokens to skip before the first one returned. 0 if absent.",
                example: "50",
            },
        ],
        body: None,
        answers: &[
            ("200", "A page of tokens."),
            ("400", "The request does not read as this operation's."),
            ("401", "No access token, or one that does not work."),
            ("403", "The access token may not do this."),
            (
                "429",
                "Too many requests in this window, or from this address. Nothing was done.",
            ),
        ],
    },
    Operation {
        id: "postToken",
        method: "POST",
        path: "/tokens",
        summary: "Create an access token",
        description: "Create a new token. The answer is the only place where its secret is ever shown whole.",
        parameters: &[],
        body: Some(Body {
            description: "Create a new access token.",
            properties: &[
                Parameter {
                    name: "name",
                    required: false,
                    kind: Kind::Text,
                    description: "A human-friendly name for the token.",
                    example: "\"Nightly export\"",
                },
                Parameter {
                    name: "description",
                    required: false,
                    kind: Kind::Text,
                    description: "What the token is for.",
                    example: "\"Reads flag data for the warehouse\"",
                },
                Parameter {
                    name: "role",
                    required: false,
                    kind: Kind::OneOf(&["reader", "writer", "admin"]),
                    description: "The base role that gives the token its permissions.",
                    example: "\"reader\"",
                },
                Parameter {
                    name: "customRoleIds",
                    required: false,
                    kind: Kind::Json,
                    description: "The custom roles that give the token its permissions, by ID or key.",
                    example: "[\"release-managers\"]",
                },
                Parameter {
                    name: "inlineRole",
                    required: false,
                    kind: Kind::Json,
                    description: "A policy that gives the token its permissions, in place of a role.",
                    example: "[{\"effect\":\"allow\",\"resources\":[\"proj/*:env/production:flag/*\"],\"actions\":[\"*\"]}]",
                },
                Parameter {
                    name: "serviceToken",
                    required: false,
                    kind: Kind::Boolean,
                    description: "Whether to create a service token, which outlives the member who makes it. Cannot be changed later.",
                    example: "true",
                },
                Parameter {
                    name: "defaultApiVersion",
                    required: false,
                    kind: Kind::Integer {
                        minimum: -9223372036854775808i64,
                    },
                    description: "The API version for requests with this token that do not name one: 20160426, 20191212, 20210729, 20220603 or 20240415. Cannot be changed later.",
                    example: "20240415",
                },
            ],
            example: "{\"name\":\"Nightly export\",\"role\":\"reader\",\"serviceToken\":true}",
        }),
        answers: &[
            ("201", "The new token; its `token` is the whole secret."),
            ("400", "The request does not read as this operation's."),
            ("401", "No access token, or one that does not work."),
            ("403", "The access token may not do this."),
            (
                "429",
                "Too many requests in this window, or from this address. Nothing was done.",
            ),
        ],
    },
    Operation {
        id: "getToken",
        method: "GET",
        path: "/tokens/{tokenId}",
        summary: "Get an access token",
        description: "Get a single access token by ID.",
        parameters: &[
            Parameter {
                name: "tokenId",
                required: true,
                kind: Kind::Text,
                description: "The access token ID.",
                example: "\"61095542756dba551110ae21\"",
            },
        ],
        body: None,
        answers: &[
            ("200", "The token; its `token` is the last four characters of the secret."),
            ("400", "The request does not read as this operation's."),
            ("401", "No access token, or one that does not work."),
            ("403", "The access token may not do this."),
            ("404", "No such token, or none that the caller may know of."),
            (
                "429",
                "Too many requests in this window, or from this address. Nothing was done.",
            ),
        ],
    },
    Operation {
        id: "patchToken",
        method: "PATCH",
        path: "/tokens/{tokenId}",
        summary: "Update an access token",
        description: "Modify an access token by ID. The body is a JSON Patch (RFC 6902), alone or with a comment. All of its operations are applied or none is.",
        parameters: &[
            Parameter {
                name: "tokenId",
                required: true,
                kind: Kind::Text,
                description: "The access token ID.",
                example: "\"61095542756dba551110ae21\"",
            },
        ],
        body: Some(Body {
            description: "Requires a JSON Patch representation of the desired changes to the token: <http://jsonpatch.com/>",
            properties: &[],
            example: "[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"Nightly export\"}]",
        }),
        answers: &[
            ("200", "The token as it is after the patch."),
            ("400", "The request does not read as this operation's."),
            ("401", "No access token, or one that does not work."),
            ("403", "The access token may not do this."),
            ("404", "No such token, or none that the caller may know of."),
            (
                "409",
                "The token changed while the patch was applied. Nothing was changed by this request.",
            ),
            ("422", "The patch does not apply to this token. Nothing was changed."),
            (
                "429",
                "Too many requests in this window, or from this address. Nothing was done.",
            ),
        ],
    },
    Operation {
        id: "deleteToken",
        method: "DELETE",
        path: "/tokens/{tokenId}",
        summary: "Delete an access token",
        description: "Delete an access token by ID. Its secret stops working at once.",
        parameters: &[
            Parameter {
                name: "tokenId",
                required: true,
                kind: Kind::Text,
                description: "The access token ID.",
                example: "\"61095542756dba551110ae21\"",
            },
        ],
        body: None,
        answers: &[
            ("204", "Deleted. The body is empty."),
            ("400", "The request does not read as this operation's."),
            ("401", "No access token, or one that does not work."),
            ("403", "The access token may not do this."),
            ("404", "No such token, or none that the caller may know of."),
            (
                "429",
                "Too many requests in this window, or from this address. Nothing was done.",
            ),
        ],
    },
    Operation {
        id: "resetToken",
        method: "POST",
        path: "/tokens/{tokenId}/reset",
        summary: "Reset an access token's secret",
        description: "Reset an access token's secret key with an optional expiry time for the old key. Until that time both secrets work. The answer is the only place where the new secret is ever shown whole.",
        parameters: &[
            Parameter {
                name: "tokenId",
                required: true,
                kind: Kind::Text,
                description: "The access token ID.",
                example: "\"61095542756dba551110ae21\"",
            },
            Parameter {
                name: "expiry",
                required: false,
                kind: Kind::Time,
                description: "An expiration time for the old token key, expressed as a Unix epoch time in milliseconds. By default, the token will expire immediately.",
                example: "1754006400000",
            },
        ],
        body: None,
        answers: &[
            ("200", "The token; its `token` is the whole new secret."),
            ("400", "The request does not read as this operation's."),
            ("401", "No access token, or one that does not work."),
            ("403", "The access token may not do this."),
            ("404", "No such token, or none that the caller may know of."),
            (
                "429",
                "Too many requests in this window, or from this address. Nothing was done.",
            ),
        ],
    },
];
/// The properties of a token.
pub(crate) static TOKEN: &[Parameter] = &[
    Parameter {
        name: "_id",
        required: true,
        kind: Kind::Text,
        description: "The token's ID.",
        example: "\"61095542756dba551110ae21\"",
    },
    Parameter {
        name: "ownerId",
        required: true,
        kind: Kind::Text,
        description: "The ID of the member who owns the account.",
        example: "\"569f183514f4432160000007\"",
    },
    Parameter {
        name: "memberId",
        required: true,
        kind: Kind::Text,
        description: "The ID of the member who created the token.",
        example: "\"569f183514f4432160000007\"",
    },
    Parameter {
        name: "_member",
        required: false,
        kind: Kind::Json,
        description: "The member a token belongs to.",
        example: "{\"_id\":\"569f183514f4432160000007\",\"email\":\"ariel@example.com\",\"role\":\"admin\",\"firstName\":\"Ariel\",\"lastName\":\"Flores\",\"_links\":{\"self\":{\"href\":\"/api/v2/members/569f183514f4432160000007\",\"type\":\"application/json\"}}}",
    },
    Parameter {
        name: "name",
        required: false,
        kind: Kind::Text,
        description: "A human-friendly name for the token.",
        example: "\"Nightly export\"",
    },
    Parameter {
        name: "description",
        required: false,
        kind: Kind::Text,
        description: "What the token is for.",
        example: "\"Reads flag data for the warehouse\"",
    },
    Parameter {
        name: "creationDate",
        required: true,
        kind: Kind::Time,
        description: "When the token was created, as a Unix time in milliseconds.",
        example: "1753920000000",
    },
    Parameter {
        name: "lastModified",
        required: true,
        kind: Kind::Time,
        description: "When the token last changed, as a Unix time in milliseconds.",
        example: "1753923600000",
    },
    Parameter {
        name: "lastUsed",
        required: false,
        kind: Kind::Time,
        description: "When the token last authenticated a request, as a Unix time in milliseconds. Absent or 0 if it never has.",
        example: "1754002800000",
    },
    Parameter {
        name: "customRoleIds",
        required: false,
        kind: Kind::Json,
        description: "The custom roles that give the token its permissions, by ID or key.",
        example: "[\"release-managers\"]",
    },
    Parameter {
        name: "inlineRole",
        required: false,
        kind: Kind::Json,
        description: "The policy that gives the token its permissions, in place of a role.",
        example: "[]",
    },
    Parameter {
        name: "role",
        required: false,
        kind: Kind::Text,
        description: "The base role that gives the token its permissions.",
        example: "\"reader\"",
    },
    Parameter {
        name: "token",
        required: false,
        kind: Kind::Text,
        description: "The secret: whole in the answer to `postToken` and `resetToken`, and its last four characters everywhere else.",
        example: "\"1234\"",
    },
    Parameter {
        name: "serviceToken",
        required: false,
        kind: Kind::Boolean,
        description: "Whether this is a service token, which outlives the member who made it, or a personal token.",
        example: "false",
    },
    Parameter {
        name: "_links",
        required: false,
        kind: Kind::Json,
        description: "The places related to this one, by what they are to it, as in `self`, `parent` and `next`.",
        example: "{\"self\":{\"href\":\"/api/v2/tokens\",\"type\":\"application/json\"}}",
    },
    Parameter {
        name: "defaultApiVersion",
        required: false,
        kind: Kind::Integer {
            minimum: -9223372036854775808i64,
        },
        description: "The API version for requests with this token that do not name one: 20160426, 20191212, 20210729, 20220603 or 20240415.",
        example: "20240415",
    },
];
