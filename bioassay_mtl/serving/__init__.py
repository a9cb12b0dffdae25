"""A page to paste molecules into, and the same as JSON over HTTP."""
