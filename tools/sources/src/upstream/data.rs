//! The upstream's users, warehouses and the links between them. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::made;

/// The fields of a user or a warehouse.
pub type Record = Map<String, Value>;

/// The user that `/iam/users/me` answers where nothing else was set: that of the original's tests.
pub const FIRST_USER: u64 = 233;

/// All data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Data {
    /// The user that the credentials are of.
    pub(super) me: u64,
    /// Whether a user's warehouses are answered as a bare list.
    pub(super) bare_list: bool,
    users: BTreeMap<u64, Record>,
    warehouses: BTreeMap<u64, Record>,
    /// The warehouses of each user, in the order in which they are answered.
    links: BTreeMap<u64, Vec<u64>>,
    /// What is answered in the place of a user's warehouses.
    verbatim: BTreeMap<u64, Value>,
}

impl Data {
    /// Makes users with as many warehouses each: always the same ones.
    pub(super) fn made(users: u64, warehouses: u64, bare_list: bool) -> Self {
        let mut data = Self {
            me: FIRST_USER,
            bare_list,
            users: BTreeMap::new(),
            warehouses: BTreeMap::new(),
            links: BTreeMap::new(),
            verbatim: BTreeMap::new(),
        };
        for index in 0..users {
            let user = FIRST_USER + index;
            data.put_user(user, Record::new());
            for number in 1..=warehouses {
                data.link(user, index * warehouses + number);
            }
        }
        data
    }

    /// Changes fields of a user. A user that is not known is made first.
    pub(super) fn put_user(&mut self, id: u64, fields: Record) {
        let user = self.users.entry(id).or_insert_with(|| made::user(id));
        user.extend(fields);
    }

    /// Changes fields of a warehouse. A warehouse that is not known is made first.
    pub(super) fn put_warehouse(&mut self, id: u64, fields: Record) {
        self.warehouses.entry(id).or_insert_with(|| made::warehouse(id)).extend(fields);
    }

    /// Removes a user with the links to its warehouses; returns whether it was there.
    pub(super) fn remove_user(&mut self, id: u64) -> bool {
        self.links.remove(&id);
        self.verbatim.remove(&id);
        self.users.remove(&id).is_some()
    }

    /// Removes a warehouse with the links to it; returns whether it was there.
    pub(super) fn remove_warehouse(&mut self, id: u64) -> bool {
        self.links.values_mut().for_each(|links| links.retain(|warehouse| *warehouse != id));
        self.warehouses.remove(&id).is_some()
    }

    /// Links a user and a warehouse. What is not known of them is made first.
    pub(super) fn link(&mut self, user: u64, warehouse: u64) {
        self.put_user(user, Record::new());
        self.put_warehouse(warehouse, Record::new());
        let links = self.links.entry(user).or_default();
        if !links.contains(&warehouse) {
            links.push(warehouse);
        }
    }

    /// Removes a link; returns whether it was there.
    pub(super) fn unlink(&mut self, user: u64, warehouse: u64) -> bool {
        let Some(links) = self.links.get_mut(&user) else { return false };
        let before = links.len();
        links.retain(|linked| *linked != warehouse);
        links.len() < before
    }

    /// Sets what is answered in the place of a user's warehouses, or nothing in their place.
    pub(super) fn set_verbatim(&mut self, user: u64, warehouses: Option<Value>) {
        match warehouses {
            Some(warehouses) => self.verbatim.insert(user, warehouses),
            None => self.verbatim.remove(&user),
        };
    }

    /// Returns the ids of all users.
    pub(super) fn ids(&self) -> Vec<u64> {
        self.users.keys().copied().collect()
    }

    /// Returns a user as lists have it: its warehouses are ids.
    pub(super) fn user(&self, id: u64) -> Option<Record> {
        let mut user = self.users.get(&id)?.clone();
        let links = self.links.get(&id).map(Vec::as_slice).unwrap_or_default();
        user.insert("warehouses".to_owned(), json!(links));
        Some(user)
    }

    /// Returns the user of the credentials, with all that only `/iam/users/me` answers.
    pub(super) fn me(&self) -> Option<Record> {
        let mut user = self.user(self.me)?;
        for (name, value) in made::only_at_me() {
            user.entry(name).or_insert(value);
        }
        Some(user)
    }

    /// Returns the answer about the warehouses of a user: the user with its warehouses as objects,
    /// or the bare list of these.
    pub(super) fn warehouses_of(&self, id: u64) -> Option<Value> {
        let mut user = self.user(id)?;
        let links = self.links.get(&id).map(Vec::as_slice).unwrap_or_default();
        let warehouses = match self.verbatim.get(&id) {
            Some(warehouses) => warehouses.clone(),
            None => {
                json!(links.iter().filter_map(|id| self.warehouses.get(id)).collect::<Vec<_>>())
            }
        };
        if self.bare_list {
            return Some(warehouses);
        }
        user.insert("warehouses".to_owned(), warehouses);
        Some(Value::Object(user))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(data: &Data, user: u64) -> Vec<u64> {
        let answer = data.warehouses_of(user).unwrap();
        let warehouses = answer["warehouses"].as_array().unwrap();
        warehouses.iter().map(|warehouse| warehouse["id"].as_u64().unwrap()).collect()
    }

    #[test]
    fn one_user_with_five_warehouses_is_that_of_the_original() {
        let data = Data::made(1, 5, false);
        let me = data.me().unwrap();
        assert_eq!((&me["id"], &me["warehouses"]), (&json!(233), &json!([1, 2, 3, 4, 5])));
        assert_eq!(ids(&data, 233), [1, 2, 3, 4, 5]);
        assert_eq!(data.warehouses_of(234), None);
        assert_eq!(data, Data::made(1, 5, false));
        assert!(data.user(233).unwrap().len() < me.len());
    }

    #[test]
    fn each_user_has_warehouses_of_its_own() {
        let data = Data::made(3, 2, false);
        assert_eq!(data.ids(), [233, 234, 235]);
        assert_eq!((ids(&data, 233), ids(&data, 235)), (vec![1, 2], vec![5, 6]));
    }

    #[test]
    fn records_and_links_can_be_changed() {
        let mut data = Data::made(2, 2, false);
        data.link(233, 3);
        data.link(233, 3);
        assert_eq!((ids(&data, 233), ids(&data, 234)), (vec![1, 2, 3], vec![3, 4]));
        assert!(data.unlink(233, 1) && !data.unlink(233, 1) && !data.unlink(999, 1));
        assert!(data.remove_warehouse(3) && !data.remove_warehouse(3));
        assert_eq!((ids(&data, 233), ids(&data, 234)), (vec![2], vec![4]));
        data.put_warehouse(2, Record::from_iter([("name".to_owned(), Value::Null)]));
        assert_eq!(data.warehouses_of(233).unwrap()["warehouses"][0]["name"], Value::Null);
        data.me = 234;
        assert!(data.remove_user(234) && !data.remove_user(234));
        assert_eq!((data.me(), data.warehouses_of(234)), (None, None));
    }

    #[test]
    fn the_answer_about_warehouses_takes_every_shape() {
        let mut data = Data::made(1, 1, true);
        assert_eq!(data.warehouses_of(233).unwrap()[0]["id"], 1);
        let twice = json!([{"id": 1}, {"id": 1}, "no object"]);
        data.set_verbatim(233, Some(twice.clone()));
        assert_eq!(data.warehouses_of(233), Some(twice.clone()));
        data.bare_list = false;
        assert_eq!(data.warehouses_of(233).unwrap()["warehouses"], twice);
        data.set_verbatim(233, None);
        assert_eq!(ids(&data, 233), [1]);
    }
}
