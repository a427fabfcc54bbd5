//! What is shown, and what must come of it: the one table that the demonstration is judged by.

/// Somebody who is enrolled.
pub struct Person {
    /// The member's id.
    pub name: &'static str,
    /// The photos enrolled, in the cache's folder of photos.
    pub photos: &'static [&'static str],
}

/// One frame and what must be said about it.
pub struct Scene {
    /// The name of the frame's file, without its ending.
    pub name: &'static str,
    /// What it shows.
    pub shows: &'static str,
    /// The photos that it is made of, side by side, at the same height.
    pub photos: &'static [&'static str],
    /// How many of [`PEOPLE`] are members by then.
    pub members: usize,
    /// The faces, from left to right.
    pub expected: &'static [Face],
}

/// Who a face must be found to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// This member.
    Member(&'static str),
    /// No member.
    Stranger,
}

use Face::{Member, Stranger};

/// The people that are enrolled, one after the other; scenes are shown in between.
pub const PEOPLE: [Person; 2] = [
    Person {
        name: "obama",
        photos: &["people/obama.jpg"],
    },
    Person {
        name: "biden",
        photos: &["people/biden.jpg"],
    },
];

/// The scenes.
pub const SCENES: [Scene; 10] = [
    Scene {
        name: "not-yet-a-member",
        shows: "somebody before his enrolment",
        photos: &["people/biden.jpg"],
        members: 1,
        expected: &[Stranger],
    },
    Scene {
        name: "member-speaking",
        shows: "a member in another photo, mouth open, looking aside",
        photos: &["people/obama2.jpg"],
        members: 2,
        expected: &[Member("obama")],
    },
    Scene {
        name: "member-standing",
        shows: "a member in another photo, standing, against the light",
        photos: &["people/obama3.jpg"],
        members: 2,
        expected: &[Member("obama")],
    },
    Scene {
        name: "two-members",
        shows: "two members side by side, one in another photo, one in his enrolled photo",
        photos: &["people/obama3.jpg", "people/biden.jpg"],
        members: 2,
        expected: &[Member("obama"), Member("biden")],
    },
    Scene {
        name: "stranger",
        shows: "somebody who is no member",
        photos: &["others/astronaut.png"],
        members: 2,
        expected: &[Stranger],
    },
    Scene {
        name: "member-and-stranger",
        shows: "a stranger beside a member",
        photos: &["others/astronaut.png", "people/obama2.jpg"],
        members: 2,
        expected: &[Stranger, Member("obama")],
    },
    Scene {
        name: "half-a-face-left",
        shows: "a member's enrolled photo, cut through the face",
        photos: &["people/obama_partial_face.jpg"],
        members: 2,
        expected: &[Member("obama")],
    },
    Scene {
        name: "half-a-face-right",
        shows: "the same, cut on the other side",
        photos: &["people/obama_partial_face2.jpg"],
        members: 2,
        expected: &[Member("obama")],
    },
    Scene {
        name: "nobody",
        shows: "no face",
        photos: &["others/coffee.png"],
        members: 2,
        expected: &[],
    },
    Scene {
        name: "member-again",
        shows: "the photo that a member was enrolled with",
        photos: &["people/biden.jpg"],
        members: 2,
        expected: &[Member("biden")],
    },
];
