path "identity/oidc/introspect"      { capabilities = ["update"] }
