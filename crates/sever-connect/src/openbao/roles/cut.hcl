path "identity/entity/id/+"                        { capabilities = ["read", "update"] }
path "identity/group/id/+"                         { capabilities = ["read", "update"] }
path "auth/+/users/+"                              { capabilities = ["read", "delete"] }
path "auth/+/users/+/password"                     { capabilities = ["update"] }
path "auth/+/role/+/secret-id-accessor/destroy"    { capabilities = ["update"] }
path "auth/token/revoke-accessor"                  { capabilities = ["update"] }
path "sys/leases/revoke-prefix/*"                  { capabilities = ["update", "sudo"] }
