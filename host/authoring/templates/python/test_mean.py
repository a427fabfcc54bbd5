import unittest

from mean import mean


class Mean(unittest.TestCase):
    def test_half_black_and_half_white_is_half_bright(self):
        self.assertEqual(mean([0.0, 1.0, 1.0, 0.0]), 0.5)

    def test_nothing_is_black(self):
        self.assertEqual(mean([]), 0)
