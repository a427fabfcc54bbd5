import unittest

import verdict


def label(row):
    return {0: "ann", 1: "bob"}.get(row)


class Verdicts(unittest.TestCase):
    def test_a_member_is_named_with_the_margin_to_the_next(self):
        self.assertEqual(
            verdict.of([0.75, 0.25], [1, 0], 0.42, label),
            {"member": True, "id": "bob", "similarity": 0.75, "margin": 0.5, "threshold": 0.42},
        )

    def test_a_stranger_is_given_no_name(self):
        fields = verdict.of([0.25, 0.125], [1, 0], 0.42, label)
        self.assertIs(fields["member"], False)
        self.assertNotIn("id", fields)

    def test_a_similarity_of_exactly_the_threshold_makes_a_member(self):
        self.assertEqual(verdict.of([0.5], [0], 0.5, label)["id"], "ann")

    def test_a_gallery_of_one_member_gives_no_margin(self):
        self.assertNotIn("margin", verdict.of([0.75], [1], 0.42, label))

    def test_an_empty_gallery_never_makes_a_member(self):
        fields = verdict.of([0.0], [0], 0.0, lambda row: None)
        self.assertEqual(fields, {"member": False, "similarity": 0.0, "threshold": 0.0})

    def test_a_gallery_that_gives_nothing_or_nonsense_is_an_error(self):
        for similarities, rows in ([], []), ([0.5], []):
            with self.assertRaisesRegex(ValueError, "no similarity"):
                verdict.of(similarities, rows, 0.42, label)
        for similarities in [float("nan")], [0.5, float("nan")]:
            with self.assertRaisesRegex(ValueError, "not finite"):
                verdict.of(similarities, [0, 1], 0.42, label)
