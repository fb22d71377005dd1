"""The resident's chat widget: browser modules, and the files as they are sent to browsers."""
