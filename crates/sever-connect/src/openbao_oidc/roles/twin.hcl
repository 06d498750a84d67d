path "identity/oidc/token/shop"      { capabilities = ["read"] }
