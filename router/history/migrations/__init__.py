"""The steps by which history's tables came to be; run by `router.history.schema`."""
