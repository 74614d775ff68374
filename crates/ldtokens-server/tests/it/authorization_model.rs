//! A model of who may do what, written without the server's code from the vendor's "Access tokens", "Using policies" and the
//! choices in docs/local-server.md.

use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Member {
    pub id: String,
    pub email: String,
    pub role: &'static str,
    /// The keys of custom roles.
    pub roles: Vec<usize>,
    pub is_removed: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Role(&'static str),
    Custom(Vec<usize>),
    Inline(Vec<Value>),
}

#[derive(Clone, Debug)]
pub struct Token {
    pub id: String,
    pub secret: String,
    pub member: usize,
    pub is_service: bool,
    pub kind: Kind,
    pub is_deleted: bool,
    pub is_expired: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Model {
    pub members: Vec<Member>,
    /// The policy of each custom role.
    pub roles: Vec<Vec<Value>>,
    pub tokens: Vec<Token>,
}

/// What a caller tries.
#[derive(Clone, Debug)]
pub enum Attempt {
    Read(usize),
    Rename(usize),
    Describe(usize),
    Extend(usize),
    Change(usize, Kind),
    Reset(usize),
    Delete(usize),
    Create { is_service: bool, kind: Kind },
}

impl Attempt {
    /// The token that it is about, unless it creates one.
    pub fn target(&self) -> Option<usize> {
        match self {
            Self::Create { .. } => None,
            Self::Read(target)
            | Self::Rename(target)
            | Self::Describe(target)
            | Self::Extend(target)
            | Self::Change(target, _)
            | Self::Reset(target)
            | Self::Delete(target) => Some(*target),
        }
    }
}

/// None: everything. Otherwise what the statements allow.
type Scope = Option<Vec<Value>>;

impl Model {
    /// The status that `caller` gets for `attempt`.
    pub fn status(&self, caller: usize, attempt: &Attempt) -> u16 {
        if !self.works(caller) {
            return 401;
        }
        let (target, action, success) = match attempt {
            Attempt::Create { is_service, kind } => {
                let member = &self.members[self.tokens[caller].member];
                let new = if *is_service {
                    "service-token/new".to_owned()
                } else {
                    format!("member/{}:token/new", member.id)
                };
                let may = self.may(caller, "createAccessToken", &new) && self.has(caller, kind);
                return if may { 201 } else { 403 };
            }
            Attempt::Read(target) => (*target, None, 200),
            Attempt::Change(target, kind) if self.tokens[*target].kind == *kind => (*target, None, 200),
            Attempt::Change(target, _) => (*target, Some("updateAccessTokenPolicy"), 200),
            Attempt::Rename(target) => (*target, Some("updateAccessTokenName"), 200),
            Attempt::Describe(target) => (*target, Some("updateAccessTokenDescription"), 200),
            Attempt::Extend(target) => (*target, Some("updateAccessTokenExpiry"), 200),
            Attempt::Reset(target) => (*target, Some("resetAccessToken"), 200),
            Attempt::Delete(target) => (*target, Some("deleteAccessToken"), 204),
        };
        if self.tokens[target].is_deleted {
            return 404;
        }
        let may = action.is_none_or(|action| self.may(caller, action, &self.resource(target)));
        match (may, self.sees(caller, target)) {
            (true, is_seen) if is_seen || action.is_some() => match attempt {
                Attempt::Change(_, kind) if action.is_some() && !self.has(caller, kind) => 403,
                _ => success,
            },
            (false, true) => 403,
            _ => 404,
        }
    }

    /// How many tokens a list of all has for `caller`.
    pub fn listed(&self, caller: usize) -> usize {
        let tokens = self.tokens.iter().enumerate();
        tokens.filter(|(number, token)| !token.is_deleted && self.sees(caller, *number)).count()
    }

    pub fn works(&self, caller: usize) -> bool {
        let token = &self.tokens[caller];
        !token.is_deleted && !token.is_expired && (token.is_service || !self.members[token.member].is_removed)
    }

    fn is_admin(&self, caller: usize) -> bool {
        let token = &self.tokens[caller];
        token.kind == Kind::Role("admin")
            && (token.is_service || ["owner", "admin"].contains(&self.members[token.member].role))
    }

    fn sees(&self, caller: usize, target: usize) -> bool {
        let (caller_token, target) = (&self.tokens[caller], &self.tokens[target]);
        target.is_service || self.is_admin(caller) || (!caller_token.is_service && caller_token.member == target.member)
    }

    fn resource(&self, target: usize) -> String {
        let token = &self.tokens[target];
        let id = &token.id;
        if token.is_service {
            format!("service-token/{id}")
        } else {
            format!("member/{}:token/{id}", self.members[token.member].id)
        }
    }

    /// A personal token has what its own permissions and its member's have in common.
    fn scopes(&self, caller: usize) -> Vec<Scope> {
        let of_roles = |roles: &[usize]| roles.iter().flat_map(|role| self.roles[*role].clone()).collect();
        let token = &self.tokens[caller];
        let own = match &token.kind {
            Kind::Role("admin") => None,
            Kind::Role(_) => Some(Vec::new()),
            Kind::Custom(roles) => Some(of_roles(roles)),
            Kind::Inline(statements) => Some(statements.clone()),
        };
        if token.is_service {
            return vec![own];
        }
        let member = &self.members[token.member];
        let of_member = if ["owner", "admin"].contains(&member.role) { None } else { Some(of_roles(&member.roles)) };
        vec![own, of_member]
    }

    fn may(&self, caller: usize, action: &str, resource: &str) -> bool {
        self.scopes(caller).iter().all(|scope| {
            let Some(statements) = scope else { return true };
            let effects: Vec<&str> = statements
                .iter()
                .filter(|statement| concerns(statement, action, resource))
                .map(|statement| statement["effect"].as_str().unwrap())
                .collect();
            effects.contains(&"allow") && !effects.contains(&"deny")
        })
    }

    /// Whether the caller may give permissions of this kind. Statements are compared as they are.
    fn has(&self, caller: usize, kind: &Kind) -> bool {
        let scopes = self.scopes(caller);
        if scopes.iter().all(Option::is_none) {
            return true;
        }
        let wanted: Vec<&Value> = match kind {
            Kind::Role(_) => return false,
            Kind::Custom(roles) => roles.iter().flat_map(|role| &self.roles[*role]).collect(),
            Kind::Inline(statements) => statements.iter().collect(),
        };
        scopes.iter().flatten().all(|own| {
            wanted.iter().all(|statement| statement["effect"] == "deny" || own.contains(statement))
                && own.iter().all(|statement| statement["effect"] == "allow" || wanted.contains(&statement))
        })
    }
}

fn concerns(statement: &Value, action: &str, resource: &str) -> bool {
    let any = |name: &str, matches: &dyn Fn(&str) -> bool| {
        statement.get(name).map(|list| list.as_array().unwrap().iter().any(|text| matches(text.as_str().unwrap())))
    };
    let is_action = |pattern: &str| matches(pattern.as_bytes(), action.as_bytes());
    let is_resource = |specifier: &str| {
        let (specifiers, resources): (Vec<_>, Vec<_>) = (specifier.split(':').collect(), resource.split(':').collect());
        specifier == "*"
            || (specifiers.len() == resources.len()
                && specifiers.iter().zip(resources).all(|(specifier, resource)| {
                    let Some((kind, names)) = specifier.split_once('/') else { return false };
                    let (resource_kind, name) = resource.split_once('/').unwrap();
                    matches(kind.as_bytes(), resource_kind.as_bytes())
                        && names.split(',').any(|pattern| matches(pattern.as_bytes(), name.as_bytes()))
                }))
    };
    let actions = any("actions", &is_action).or_else(|| any("notActions", &is_action).map(|is_named| !is_named));
    let resources =
        any("resources", &is_resource).or_else(|| any("notResources", &is_resource).map(|is_named| !is_named));
    actions.unwrap() && resources.unwrap()
}

/// Whether a pattern, in which a star stands for any text, matches a text.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) if matches(rest, text) => true,
        ([b'*', ..], [_, later @ ..]) => matches(pattern, later),
        ([one, rest @ ..], [other, later @ ..]) => one == other && matches(rest, later),
        _ => false,
    }
}
