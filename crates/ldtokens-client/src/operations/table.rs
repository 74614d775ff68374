// Made from openapi.yaml by `cargo xtask generate`. Do not edit: edit openapi.yaml and run it again.

use super::{BodySpec, OperationSpec, ParameterSpec, ValueType};
/// An operation of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// `GET /tokens`
    GetTokens,
    /// `POST /tokens`
    PostToken,
    /// `GET /tokens/{tokenId}`
    GetToken,
    /// `PATCH /tokens/{tokenId}`
    PatchToken,
    /// `DELETE /tokens/{tokenId}`
    DeleteToken,
    /// `POST /tokens/{tokenId}/reset`
    ResetToken,
    /// An operation that this crate does not know, by its ID in the API's documentation.
    Other(&'static str),
}
/// All operations, in the order of `openapi.yaml`.
pub static OPERATIONS: &[OperationSpec] = &[
    OperationSpec {
        operation: Operation::GetTokens,
        id: "getTokens",
        method: "GET",
        path: "/tokens",
        summary: "List access tokens",
        description: "Returns a list of tokens in the account: the caller's own personal tokens and the service tokens. With an Admin credential and `showAll=true`, it also returns the personal tokens of all members.",
        parameters: &[
            ParameterSpec {
                name: "showAll",
                required: false,
                value_type: ValueType::Boolean,
                description: "If set to true, and the authentication access token has the \"Admin\" role, personal access tokens for all members will be retrieved.",
                example: "true",
            },
            ParameterSpec {
                name: "limit",
                required: false,
                value_type: ValueType::Integer {
                    minimum: 1i64,
                },
                description: "How many tokens to return at most. Default: 25 since API version 20240415; earlier versions return all.",
                example: "25",
            },
            ParameterSpec {
                name: "offset",
                required: false,
                value_type: ValueType::Integer {
                    minimum: 0i64,
                },
                description: "How many tokens to skip. Default: 0.",
                example: "50",
            },
        ],
        body: None,
        responses: &[
            ("200", "A page of tokens."),
            ("400", "The request is not valid for this operation."),
            ("401", "The access token is missing or not valid."),
            ("403", "The access token lacks permission."),
            (
                "429",
                "There were too many requests in this window, or from this IP address. Nothing was done.",
            ),
        ],
        example: "getTokens showAll=true limit=25 offset=50",
    },
    OperationSpec {
        operation: Operation::PostToken,
        id: "postToken",
        method: "POST",
        path: "/tokens",
        summary: "Create an access token",
        description: "Create a new token. Only this response contains the whole secret.",
        parameters: &[],
        body: Some(BodySpec {
            description: "Create a new access token.",
            value_type: ValueType::Object(
                &[
                    ParameterSpec {
                        name: "name",
                        required: false,
                        value_type: ValueType::Text,
                        description: "A human-friendly name for the token.",
                        example: "\"Nightly export\"",
                    },
                    ParameterSpec {
                        name: "description",
                        required: false,
                        value_type: ValueType::Text,
                        description: "What the token is for.",
                        example: "\"Reads flag data for the warehouse\"",
                    },
                    ParameterSpec {
                        name: "role",
                        required: false,
                        value_type: ValueType::OneOf(&["reader", "writer", "admin"]),
                        description: "The base role that gives the token its permissions.",
                        example: "\"reader\"",
                    },
                    ParameterSpec {
                        name: "customRoleIds",
                        required: false,
                        value_type: ValueType::Array(&ValueType::Text),
                        description: "The custom roles that give the token its permissions, by ID or key.",
                        example: "[\"release-managers\"]",
                    },
                    ParameterSpec {
                        name: "inlineRole",
                        required: false,
                        value_type: ValueType::Array(
                            &ValueType::Object(
                                &[
                                    ParameterSpec {
                                        name: "effect",
                                        required: true,
                                        value_type: ValueType::OneOf(&["allow", "deny"]),
                                        description: "Whether the statement allows or denies. A statement that denies overrides one that allows.",
                                        example: "\"allow\"",
                                    },
                                    ParameterSpec {
                                        name: "resources",
                                        required: false,
                                        value_type: ValueType::Array(&ValueType::Text),
                                        description: "The resources that the statement applies to.",
                                        example: "[\"proj/*:env/production:flag/*\"]",
                                    },
                                    ParameterSpec {
                                        name: "notResources",
                                        required: false,
                                        value_type: ValueType::Array(&ValueType::Text),
                                        description: "The statement applies to all resources except these.",
                                        example: "[\"proj/*:env/production\"]",
                                    },
                                    ParameterSpec {
                                        name: "actions",
                                        required: false,
                                        value_type: ValueType::Array(&ValueType::Text),
                                        description: "The actions that the statement applies to.",
                                        example: "[\"*\"]",
                                    },
                                    ParameterSpec {
                                        name: "notActions",
                                        required: false,
                                        value_type: ValueType::Array(&ValueType::Text),
                                        description: "The statement applies to all actions except these.",
                                        example: "[\"deleteFlag\"]",
                                    },
                                ],
                            ),
                        ),
                        description: "A policy that gives the token its permissions, in place of a role.",
                        example: "[{\"effect\":\"allow\",\"resources\":[\"proj/*:env/production:flag/*\"],\"actions\":[\"*\"]}]",
                    },
                    ParameterSpec {
                        name: "serviceToken",
                        required: false,
                        value_type: ValueType::Boolean,
                        description: "Whether to create a service token, which keeps working when the member who creates it leaves. Cannot be changed later.",
                        example: "true",
                    },
                    ParameterSpec {
                        name: "defaultApiVersion",
                        required: false,
                        value_type: ValueType::Integer {
                            minimum: i64::MIN,
                        },
                        description: "The API version for requests with this token that do not name one: 20160426, 20191212, 20210729, 20220603 or 20240415. Cannot be changed later.",
                        example: "20240415",
                    },
                    ParameterSpec {
                        name: "expiry",
                        required: false,
                        value_type: ValueType::Time,
                        description: "When the token expires, as a Unix time in milliseconds. By default it never does. The response shows whether the API has applied it.",
                        example: "1785542400000",
                    },
                ],
            ),
            example: "{\"name\":\"Nightly export\",\"role\":\"reader\",\"serviceToken\":true}",
        }),
        responses: &[
            ("201", "The new token. Its `token` is the whole secret."),
            ("400", "The request is not valid for this operation."),
            ("401", "The access token is missing or not valid."),
            ("403", "The access token lacks permission."),
            (
                "429",
                "There were too many requests in this window, or from this IP address. Nothing was done.",
            ),
        ],
        example: "postToken -",
    },
    OperationSpec {
        operation: Operation::GetToken,
        id: "getToken",
        method: "GET",
        path: "/tokens/{tokenId}",
        summary: "Get an access token",
        description: "Get a single access token by ID.",
        parameters: &[
            ParameterSpec {
                name: "tokenId",
                required: true,
                value_type: ValueType::Text,
                description: "The access token ID.",
                example: "\"61095542756dba551110ae21\"",
            },
        ],
        body: None,
        responses: &[
            ("200", "The token. Its `token` is the last four characters of the secret."),
            ("400", "The request is not valid for this operation."),
            ("401", "The access token is missing or not valid."),
            ("403", "The access token lacks permission."),
            ("404", "The token does not exist, or the caller may not see it."),
            (
                "429",
                "There were too many requests in this window, or from this IP address. Nothing was done.",
            ),
        ],
        example: "getToken tokenId=61095542756dba551110ae21",
    },
    OperationSpec {
        operation: Operation::PatchToken,
        id: "patchToken",
        method: "PATCH",
        path: "/tokens/{tokenId}",
        summary: "Update an access token",
        description: "Modify an access token by ID. The body is a JSON Patch (RFC 6902), alone or with a comment. Either all of its operations are applied or none is.",
        parameters: &[
            ParameterSpec {
                name: "tokenId",
                required: true,
                value_type: ValueType::Text,
                description: "The access token ID.",
                example: "\"61095542756dba551110ae21\"",
            },
        ],
        body: Some(BodySpec {
            description: "Requires a JSON Patch representation of the desired changes to the token: <http://jsonpatch.com/>",
            value_type: ValueType::AnyOf(
                &[
                    ValueType::Array(
                        &ValueType::Object(
                            &[
                                ParameterSpec {
                                    name: "op",
                                    required: true,
                                    value_type: ValueType::OneOf(
                                        &["add", "remove", "replace", "move", "copy", "test"],
                                    ),
                                    description: "What to do. If a `test` fails, the whole patch fails.",
                                    example: "\"replace\"",
                                },
                                ParameterSpec {
                                    name: "path",
                                    required: true,
                                    value_type: ValueType::Text,
                                    description: "A JSON Pointer (RFC 6901) to the place in the token where the operation applies.",
                                    example: "\"/name\"",
                                },
                                ParameterSpec {
                                    name: "from",
                                    required: false,
                                    value_type: ValueType::Text,
                                    description: "A JSON Pointer (RFC 6901) to the source of a `move` or `copy`.",
                                    example: "\"/description\"",
                                },
                                ParameterSpec {
                                    name: "value",
                                    required: false,
                                    value_type: ValueType::Any,
                                    description: "Any JSON value, for `add`, `replace` and `test`.",
                                    example: "\"Nightly export\"",
                                },
                            ],
                        ),
                    ),
                    ValueType::Object(
                        &[
                            ParameterSpec {
                                name: "comment",
                                required: false,
                                value_type: ValueType::Text,
                                description: "Why the change is made.",
                                example: "\"Renamed with the project\"",
                            },
                            ParameterSpec {
                                name: "patch",
                                required: true,
                                value_type: ValueType::Array(
                                    &ValueType::Object(
                                        &[
                                            ParameterSpec {
                                                name: "op",
                                                required: true,
                                                value_type: ValueType::OneOf(
                                                    &["add", "remove", "replace", "move", "copy", "test"],
                                                ),
                                                description: "What to do. If a `test` fails, the whole patch fails.",
                                                example: "\"replace\"",
                                            },
                                            ParameterSpec {
                                                name: "path",
                                                required: true,
                                                value_type: ValueType::Text,
                                                description: "A JSON Pointer (RFC 6901) to the place in the token where the operation applies.",
                                                example: "\"/name\"",
                                            },
                                            ParameterSpec {
                                                name: "from",
                                                required: false,
                                                value_type: ValueType::Text,
                                                description: "A JSON Pointer (RFC 6901) to the source of a `move` or `copy`.",
                                                example: "\"/description\"",
                                            },
                                            ParameterSpec {
                                                name: "value",
                                                required: false,
                                                value_type: ValueType::Any,
                                                description: "Any JSON value, for `add`, `replace` and `test`.",
                                                example: "\"Nightly export\"",
                                            },
                                        ],
                                    ),
                                ),
                                description: "The operations of a JSON Patch (RFC 6902), applied in order, all or none.",
                                example: "[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"Nightly export\"}]",
                            },
                        ],
                    ),
                ],
            ),
            example: "[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"Nightly export\"}]",
        }),
        responses: &[
            ("200", "The token after the patch."),
            ("400", "The request is not valid for this operation."),
            ("401", "The access token is missing or not valid."),
            ("403", "The access token lacks permission."),
            ("404", "The token does not exist, or the caller may not see it."),
            (
                "409",
                "The token changed while the patch was applied. This request changed nothing.",
            ),
            ("422", "The patch does not apply to this token. Nothing was changed."),
            (
                "429",
                "There were too many requests in this window, or from this IP address. Nothing was done.",
            ),
        ],
        example: "patchToken tokenId=61095542756dba551110ae21 -",
    },
    OperationSpec {
        operation: Operation::DeleteToken,
        id: "deleteToken",
        method: "DELETE",
        path: "/tokens/{tokenId}",
        summary: "Delete an access token",
        description: "Delete an access token by ID. Its secret stops working at once.",
        parameters: &[
            ParameterSpec {
                name: "tokenId",
                required: true,
                value_type: ValueType::Text,
                description: "The access token ID.",
                example: "\"61095542756dba551110ae21\"",
            },
        ],
        body: None,
        responses: &[
            ("204", "Deleted. The body is empty."),
            ("400", "The request is not valid for this operation."),
            ("401", "The access token is missing or not valid."),
            ("403", "The access token lacks permission."),
            ("404", "The token does not exist, or the caller may not see it."),
            (
                "429",
                "There were too many requests in this window, or from this IP address. Nothing was done.",
            ),
        ],
        example: "deleteToken tokenId=61095542756dba551110ae21",
    },
    OperationSpec {
        operation: Operation::ResetToken,
        id: "resetToken",
        method: "POST",
        path: "/tokens/{tokenId}/reset",
        summary: "Reset an access token's secret",
        description: "Reset an access token's secret, with an optional expiry time for the old secret. Until that time, both secrets work. Only this response contains the whole new secret. LaunchDarkly has deprecated this operation: it advises to create another token, and to patch the `expiry` of the old one.",
        parameters: &[
            ParameterSpec {
                name: "tokenId",
                required: true,
                value_type: ValueType::Text,
                description: "The access token ID.",
                example: "\"61095542756dba551110ae21\"",
            },
            ParameterSpec {
                name: "expiry",
                required: false,
                value_type: ValueType::Time,
                description: "When the old secret stops working, as a Unix epoch time in milliseconds. By default, it stops working at once.",
                example: "4102444800000",
            },
        ],
        body: None,
        responses: &[
            ("200", "The token. Its `token` is the whole new secret."),
            ("400", "The request is not valid for this operation."),
            ("401", "The access token is missing or not valid."),
            ("403", "The access token lacks permission."),
            ("404", "The token does not exist, or the caller may not see it."),
            (
                "429",
                "There were too many requests in this window, or from this IP address. Nothing was done.",
            ),
        ],
        example: "resetToken tokenId=61095542756dba551110ae21 expiry=4102444800000",
    },
];
/// The properties of a token.
pub static TOKEN: &[ParameterSpec] = &[
    ParameterSpec {
        name: "_id",
        required: true,
        value_type: ValueType::Text,
        description: "The token's ID.",
        example: "\"61095542756dba551110ae21\"",
    },
    ParameterSpec {
        name: "ownerId",
        required: true,
        value_type: ValueType::Text,
        description: "The ID of the member who owns the account.",
        example: "\"569f183514f4432160000007\"",
    },
    ParameterSpec {
        name: "memberId",
        required: true,
        value_type: ValueType::Text,
        description: "The ID of the member who created the token.",
        example: "\"569f183514f4432160000007\"",
    },
    ParameterSpec {
        name: "_member",
        required: false,
        value_type: ValueType::Object(
            &[
                ParameterSpec {
                    name: "_id",
                    required: false,
                    value_type: ValueType::Text,
                    description: "The member's ID.",
                    example: "\"569f183514f4432160000007\"",
                },
                ParameterSpec {
                    name: "_links",
                    required: false,
                    value_type: ValueType::Object(&[]),
                    description: "Links to related resources, by their relation, such as `self`, `parent` and `next`.",
                    example: "{\"self\":{\"href\":\"/api/v2/tokens\",\"type\":\"application/json\"}}",
                },
                ParameterSpec {
                    name: "email",
                    required: false,
                    value_type: ValueType::Text,
                    description: "The member's email address.",
                    example: "\"ariel@example.com\"",
                },
                ParameterSpec {
                    name: "role",
                    required: false,
                    value_type: ValueType::Text,
                    description: "The member's base role.",
                    example: "\"admin\"",
                },
                ParameterSpec {
                    name: "firstName",
                    required: false,
                    value_type: ValueType::Text,
                    description: "The member's first name.",
                    example: "\"Ariel\"",
                },
                ParameterSpec {
                    name: "lastName",
                    required: false,
                    value_type: ValueType::Text,
                    description: "The member's last name.",
                    example: "\"Flores\"",
                },
            ],
        ),
        description: "The member that a token belongs to.",
        example: "{\"_id\":\"569f183514f4432160000007\",\"email\":\"ariel@example.com\",\"role\":\"admin\",\"firstName\":\"Ariel\",\"lastName\":\"Flores\",\"_links\":{\"self\":{\"href\":\"/api/v2/members/569f183514f4432160000007\",\"type\":\"application/json\"}}}",
    },
    ParameterSpec {
        name: "name",
        required: false,
        value_type: ValueType::Text,
        description: "A human-friendly name for the token.",
        example: "\"Nightly export\"",
    },
    ParameterSpec {
        name: "description",
        required: false,
        value_type: ValueType::Text,
        description: "What the token is for.",
        example: "\"Reads flag data for the warehouse\"",
    },
    ParameterSpec {
        name: "creationDate",
        required: true,
        value_type: ValueType::Time,
        description: "When the token was created, as a Unix time in milliseconds.",
        example: "1753920000000",
    },
    ParameterSpec {
        name: "lastModified",
        required: true,
        value_type: ValueType::Time,
        description: "When the token last changed, as a Unix time in milliseconds.",
        example: "1753923600000",
    },
    ParameterSpec {
        name: "lastUsed",
        required: false,
        value_type: ValueType::Time,
        description: "When the token last authenticated a request, as a Unix time in milliseconds. Absent or 0 if it never has.",
        example: "1754002800000",
    },
    ParameterSpec {
        name: "customRoleIds",
        required: false,
        value_type: ValueType::Array(&ValueType::Text),
        description: "The custom roles that give the token its permissions, by ID or key.",
        example: "[\"release-managers\"]",
    },
    ParameterSpec {
        name: "inlineRole",
        required: false,
        value_type: ValueType::Array(
            &ValueType::Object(
                &[
                    ParameterSpec {
                        name: "effect",
                        required: true,
                        value_type: ValueType::OneOf(&["allow", "deny"]),
                        description: "Whether the statement allows or denies. A statement that denies overrides one that allows.",
                        example: "\"allow\"",
                    },
                    ParameterSpec {
                        name: "resources",
                        required: false,
                        value_type: ValueType::Array(&ValueType::Text),
                        description: "The resources that the statement applies to.",
                        example: "[\"proj/*:env/production:flag/*\"]",
                    },
                    ParameterSpec {
                        name: "notResources",
                        required: false,
                        value_type: ValueType::Array(&ValueType::Text),
                        description: "The statement applies to all resources except these.",
                        example: "[\"proj/*:env/production\"]",
                    },
                    ParameterSpec {
                        name: "actions",
                        required: false,
                        value_type: ValueType::Array(&ValueType::Text),
                        description: "The actions that the statement applies to.",
                        example: "[\"*\"]",
                    },
                    ParameterSpec {
                        name: "notActions",
                        required: false,
                        value_type: ValueType::Array(&ValueType::Text),
                        description: "The statement applies to all actions except these.",
                        example: "[\"deleteFlag\"]",
                    },
                ],
            ),
        ),
        description: "The policy that gives the token its permissions, in place of a role.",
        example: "[]",
    },
    ParameterSpec {
        name: "role",
        required: false,
        value_type: ValueType::Text,
        description: "The base role that gives the token its permissions.",
        example: "\"reader\"",
    },
    ParameterSpec {
        name: "token",
        required: false,
        value_type: ValueType::Text,
        description: "The whole secret in the responses to `postToken` and `resetToken`; the last four characters of the secret in all other responses.",
        example: "\"1234\"",
    },
    ParameterSpec {
        name: "serviceToken",
        required: false,
        value_type: ValueType::Boolean,
        description: "Whether this is a service token, which keeps working when the member who created it leaves, or a personal token.",
        example: "false",
    },
    ParameterSpec {
        name: "_links",
        required: false,
        value_type: ValueType::Object(&[]),
        description: "Links to related resources, by their relation, such as `self`, `parent` and `next`.",
        example: "{\"self\":{\"href\":\"/api/v2/tokens\",\"type\":\"application/json\"}}",
    },
    ParameterSpec {
        name: "defaultApiVersion",
        required: false,
        value_type: ValueType::Integer {
            minimum: i64::MIN,
        },
        description: "The API version for requests with this token that do not name one: 20160426, 20191212, 20210729, 20220603 or 20240415.",
        example: "20240415",
    },
    ParameterSpec {
        name: "expiry",
        required: false,
        value_type: ValueType::Time,
        description: "When the token expires, as a Unix time in milliseconds. From then on the API refuses it. Absent if it never expires. A patch can add, replace or remove it.",
        example: "1785542400000",
    },
];
