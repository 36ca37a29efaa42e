"""The rules of the pack, one file each, in folders by what they protect."""
