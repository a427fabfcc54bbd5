"""What every peer does with a picture and its faces: the same numbers as Footlight's stages, by OpenCV and NumPy."""
