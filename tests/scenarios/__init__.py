"""The scenarios of a town: read, acted, and worth something."""
