"""Our own error rates: small networks whose reliance on a cue is measured, and what the audit says of them."""
