use crate::open_enum::open_enum;

open_enum! {
    /// A base role, as the API names it.
    ///
    /// ```
    /// use ldtokens_client::Role;
    /// let page: Vec<Role> = serde_json::from_str(r#"["reader", "astronaut"]"#).unwrap();
    /// assert_eq!(page, [Role::Reader, Role::Other("astronaut".into())]);
    /// assert_eq!(serde_json::to_string(&page).unwrap(), r#"["reader","astronaut"]"#);
    /// ```
    pub enum Role {
        /// Can read everything and change nothing.
        Reader = "reader",
        /// Can change flags and similar resources, but not members, tokens or account settings.
        Writer = "writer",
        /// Can do everything that is not reserved for the owner.
        Admin = "admin",
        /// The account's owner. No token is given this role; members have it.
        Owner = "owner",
    }
}
