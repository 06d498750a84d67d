path "identity/oidc/role/+"          { capabilities = ["read"] }
path "identity/oidc/key/shop/rotate" { capabilities = ["update"] }
