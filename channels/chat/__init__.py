"""Chat: Direct Line 3.0 for residents' programs, and the town's own widget in `widget/`.

The widget is plain ES modules without a build step: `widget.js` is what a page includes, it loads
the other modules from `widget/` beside it.
"""
