//! The operators' subscriptions: a tree of filter levels.
//!
//! Devices are not in it. A device may only subscribe below its own id, so the registry finds the one session that can
//! want a device's message, and that session knows which of its few topics it asked for: a million devices cost the tree
//! nothing. Operators are few, but a message of any device may concern them; finding them takes one step per topic level,
//! however many filters there are. What a removed filter leaves empty is freed.

use std::{collections::HashMap, ops::ControlFlow};

/// One level of the tree.
#[derive(Debug)]
pub(crate) struct FilterTree<T> {
    /// Entries whose filter ends here.
    here: Vec<T>,
    /// Entries whose filter ends with `#` below this level; matches this level itself, too (section 4.7.1.2).
    below: Vec<T>,
    single: Option<Box<Self>>,
    named: HashMap<Box<str>, Self>,
}

impl<T> Default for FilterTree<T> {
    fn default() -> Self {
        Self {
            here: Vec::new(),
            below: Vec::new(),
            single: None,
            named: HashMap::new(),
        }
    }
}

impl<T> FilterTree<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.here.is_empty()
            && self.below.is_empty()
            && self.single.is_none()
            && self.named.is_empty()
    }

    pub(crate) fn insert(&mut self, filter: &str, entry: T) {
        let mut node = self;
        for level in filter.split('/') {
            node = match level {
                "#" => {
                    node.below.push(entry);
                    return;
                }
                "+" => node.single.get_or_insert_with(Box::default),
                name => node.named.entry(name.into()).or_default(),
            };
        }
        node.here.push(entry);
    }

    /// Removes the entries of this filter that the predicate picks.
    pub(crate) fn remove(&mut self, filter: &str, picks: &mut impl FnMut(&T) -> bool) {
        self.remove_levels(&mut filter.split('/'), picks);
    }

    fn remove_levels<'a>(
        &mut self,
        levels: &mut impl Iterator<Item = &'a str>,
        picks: &mut impl FnMut(&T) -> bool,
    ) {
        match levels.next() {
            None => self.here.retain(|entry| !picks(entry)),
            Some("#") => self.below.retain(|entry| !picks(entry)),
            Some("+") => {
                if let Some(node) = &mut self.single {
                    node.remove_levels(levels, picks);
                    if node.is_empty() {
                        self.single = None;
                    }
                }
            }
            Some(name) => {
                if let Some(node) = self.named.get_mut(name) {
                    node.remove_levels(levels, picks);
                    if node.is_empty() {
                        self.named.remove(name);
                    }
                }
            }
        }
    }

    /// Shows every entry whose filter matches the topic name, until told to stop.
    pub(crate) fn visit<'a>(
        &'a self,
        topic: &str,
        show: &mut impl FnMut(&'a T) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        if let (true, Some(first)) = (topic.starts_with('$'), topic.split('/').next()) {
            // Wildcards at the first level do not match it (section 4.7.2).
            if let Some(node) = self.named.get(first) {
                return node.visit_levels(topic[first.len()..].strip_prefix('/'), show);
            }
            return ControlFlow::Continue(());
        }
        self.visit_levels(Some(topic), show)
    }

    fn visit_levels<'a>(
        &'a self,
        rest: Option<&str>,
        show: &mut impl FnMut(&'a T) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.below.iter().try_for_each(&mut *show)?;
        let Some(rest) = rest else {
            return self.here.iter().try_for_each(show);
        };
        let (name, rest) = match rest.split_once('/') {
            Some((name, rest)) => (name, Some(rest)),
            None => (rest, None),
        };
        if let Some(node) = &self.single {
            node.visit_levels(rest, show)?;
        }
        match self.named.get(name) {
            Some(node) => node.visit_levels(rest, show),
            None => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every filter and topic of up to three levels over a small alphabet, against the definition in the schemas.
    #[test]
    fn the_tree_finds_exactly_the_filters_that_match() {
        let names = ["a", "b", "", "$s"];
        let mut topics: Vec<String> = Vec::new();
        let mut filters: Vec<String> = vec!["#".into()];
        for x in names {
            topics.push(x.into());
            for y in names {
                topics.push(format!("{x}/{y}"));
                topics.extend(names.map(|z| format!("{x}/{y}/{z}")));
            }
        }
        let levels = ["a", "b", "", "$s", "+"];
        for x in levels {
            filters.extend([x.into(), format!("{x}/#")]);
            for y in levels {
                filters.extend([format!("{x}/{y}"), format!("{x}/{y}/#")]);
                filters.extend(levels.map(|z| format!("{x}/{y}/{z}")));
            }
        }
        topics.retain(|topic| !topic.is_empty());
        filters.retain(|filter| !filter.is_empty());

        let mut tree = FilterTree::default();
        for filter in &filters {
            tree.insert(filter, filter.clone());
        }
        for topic in &topics {
            let mut found = Vec::new();
            let _ = tree.visit(topic, &mut |entry: &String| {
                found.push(entry.as_str());
                ControlFlow::Continue(())
            });
            found.sort_unstable();
            let mut expected: Vec<&str> = filters
                .iter()
                .map(String::as_str)
                .filter(|filter| fleetfold_schemas::topic::matches(filter, topic))
                .collect();
            expected.sort_unstable();
            assert_eq!(found, expected, "{topic}");
        }

        for filter in &filters {
            tree.remove(filter, &mut |_| true);
        }
        assert!(tree.is_empty(), "what is removed leaves nothing");
    }
}
