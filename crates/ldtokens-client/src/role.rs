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
        /// Sees everything, changes nothing.
        Reader = "reader",
        /// Changes flags and their like, but no members, tokens or account settings.
        Writer = "writer",
        /// Does everything that is not kept for the owner.
        Admin = "admin",
        /// The account's owner. No token is given this role; members have it.
        Owner = "owner",
    }
}
