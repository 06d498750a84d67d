path "identity/entity/id/+"                        { capabilities = ["read"] }
path "identity/group/id/+"                         { capabilities = ["read"] }
path "sys/locked-users"                            { capabilities = ["read"] }
path "auth/+/users/+"                              { capabilities = ["read"] }
path "auth/+/role/+/role-id"                       { capabilities = ["read"] }
path "auth/+/role/+/secret-id-accessor/lookup"     { capabilities = ["update"] }
path "auth/token/lookup-accessor"                  { capabilities = ["update"] }
path "sys/leases/lookup/*"                         { capabilities = ["list", "sudo"] }
