//! `aws`: users, keys, rights and sessions of an AWS account, by IAM and STS.

use sever_model::DoorKind;
use sever_model::act::{Action, Doors, Probe};

use super::account::{Account, WINDOW};
use crate::connector::{Connector, DoorAnswers, Setting};

pub(crate) const CONNECTOR: Connector = Connector {
    id: "aws",
    title: "AWS IAM and STS",
    about: "`url` is IAM's address, `https://iam.amazonaws.com`; the login's name is an access key's id and its secret \
            that key's.\n\n\
            Lists of a user: the console password; access keys, active or not, each with its last use; SSH keys, \
            credentials of single services and signing certificates; groups, attached policies and policies of its own; \
            roles whose trust names it; and for the user and each role that it may assume, one door for the sessions that \
            live. **AWS lists no sessions**: how many there are, nobody can say, and a gap says so. A second factor is no \
            door.\n\n\
            It closes in this order: a policy of the user's own that denies everything, without a condition, which its \
            holder cannot lift; on roles a policy that denies sessions by when their token was issued, which asks \
            everybody in the role to begin again, and which a second cut of the same user does not move; keys, certificates \
            and credentials set inactive; then rights taken, and what opens deleted. Each but deletion has an inverse. A role \
            that would trust nobody is refused.\n\n\
            **Trying.** `sts:GetCallerIdentity` is denied by no policy: it proves the key. With the leaver's own secret it \
            is tried whole, and then an action (`settings.trial_action`) that the twin may do, so that a key that lives and is \
            denied is told from one that is gone: such a key is `Open`, for a policy is easily lifted. Without the secret the \
            key's id is shown with a secret that is made up: AWS looks for the id first, so a key that lives answers \
            `SignatureDoesNotMatch`, and one that is gone or off `InvalidClientTokenId`. That is called observed, for the \
            secret was not used; what IAM *lists* (`Inactive`) is never believed against it. Sessions are tried with their own \
            credentials (`aws sts assume-role`'s answer); without, it is looked whether the denial is there.\n\n\
            **What it cannot close or try**: the console's password is not tried, for that would be a sign-in on a page made \
            for people; SSH keys, single services' credentials and signing certificates are only looked at; resources that \
            name the user themselves (buckets, keys of KMS), roles of other accounts and IAM Identity Center are not seen. \
            AWS needs about four seconds until a change holds everywhere.",
    roles: "Three users or roles, each with an access key and one policy.\n\n\
            - *Reading*: `iam:GetUser`, `iam:GetLoginProfile`, `iam:ListAccessKeys`, `iam:GetAccessKeyLastUsed`, \
            `iam:ListSSHPublicKeys`, `iam:ListServiceSpecificCredentials`, `iam:ListSigningCertificates`, \
            `iam:ListGroupsForUser`, `iam:ListGroupPolicies`, `iam:GetGroupPolicy`, `iam:ListAttachedGroupPolicies`, \
            `iam:ListAttachedUserPolicies`, `iam:ListUserPolicies`, `iam:GetUserPolicy`, `iam:GetPolicy`, \
            `iam:GetPolicyVersion`, `iam:ListRoles`.\n\
            - *Cutting*: `iam:GetUserPolicy`, `iam:PutUserPolicy`, `iam:DeleteUserPolicy`, `iam:GetRole`, \
            `iam:GetRolePolicy`, `iam:PutRolePolicy`, `iam:DeleteRolePolicy`, `iam:UpdateAssumeRolePolicy`, \
            `iam:UpdateAccessKey`, `iam:DeleteAccessKey`, `iam:DeleteLoginProfile`, `iam:UpdateSSHPublicKey`, \
            `iam:DeleteSSHPublicKey`, `iam:UpdateServiceSpecificCredential`, `iam:DeleteServiceSpecificCredential`, \
            `iam:UpdateSigningCertificate`, `iam:DeleteSigningCertificate`, `iam:RemoveUserFromGroup`, \
            `iam:AddUserToGroup`, `iam:DetachUserPolicy`, `iam:AttachUserPolicy`. Who may put policies may give themselves \
            rights: fetch this key for an approved plan only.\n\
            - *Probing*: for access keys and for sessions that are tried none; else `iam:GetUser`, `iam:GetRole`, \
            `iam:GetLoginProfile`, `iam:GetUserPolicy`, `iam:GetRolePolicy`, `iam:ListAccessKeys`, \
            `iam:ListSSHPublicKeys`, `iam:ListServiceSpecificCredentials`, `iam:ListSigningCertificates`, \
            `iam:ListGroupsForUser`, `iam:ListAttachedUserPolicies`.\n\
            - *Twin*: a user with an access key and the trial action alone, `iam:GetAccountSummary`.\n\n\
            `aws iam create-user --user-name severance-reading`, `aws iam put-user-policy --user-name severance-reading \
            --policy-name severance --policy-document file://reading.json`, `aws iam create-access-key --user-name \
            severance-reading`.",
    settings: &[
        Setting {
            name: "trial_action",
            required: false,
            about: "What the leaver could do and the twin can: `iam:GetAccountSummary`, `iam:ListAccountAliases`, \
                    `iam:ListRoles`, `iam:ListUsers` or `iam:GetUser`. Default: the first.",
        },
        Setting {
            name: "sts_url",
            required: false,
            about: "STS's address. Default: `https://sts.amazonaws.com` beside AWS's global IAM; elsewhere the same as `url`.",
        },
        Setting { name: "region", required: false, about: "The region that is signed for. Default: `us-east-1`." },
        Setting {
            name: "window_secs",
            required: false,
            about: "Seconds after a change during which a door may still open. Default: 4.",
        },
        Setting {
            name: "ca",
            required: false,
            about: "A file of certificates that are trusted instead of the usual ones.",
        },
    ],
    doors: &[
        row(
            DoorKind::Login,
            "nothing: it is looked at",
            "NoSuchEntity to `iam:GetLoginProfile` (observed)",
            "AccessDenied: told apart",
        ),
        row(
            DoorKind::Session,
            "the session's own credentials; without, the denial is looked for",
            "AccessDenied or ExpiredToken, while the twin is answered",
            "InvalidClientTokenId or SignatureDoesNotMatch: told apart, `Unknown`",
        ),
        row(
            DoorKind::ApiKey,
            "the leaver's own secret; without, the key's id and a secret that is made up",
            "InvalidClientTokenId, while the twin is answered; AccessDenied is a key that lives: `Open`",
            "SignatureDoesNotMatch: told apart, `Unknown` with the secret, and `Open` without",
        ),
        row(
            DoorKind::SshKey,
            "nothing: it is looked at",
            "not listed, or said to be inactive (observed)",
            "AccessDenied: told apart",
        ),
        row(
            DoorKind::Certificate,
            "nothing: it is looked at",
            "not listed, or said to be inactive (observed)",
            "AccessDenied: told apart",
        ),
        row(
            DoorKind::Membership,
            "nothing: it is looked at",
            "not listed, or not named (observed)",
            "AccessDenied: told apart",
        ),
        row(
            DoorKind::Secret,
            "nothing: it is looked at",
            "not listed, or said to be inactive (observed)",
            "AccessDenied: told apart",
        ),
    ],
    open_doors: Some(|connection| Ok(Box::new(Account::with_keys(connection)?) as Box<dyn Doors>)),
    open_action: Some(|connection| Ok(Box::new(Account::with_keys(connection)?) as Box<dyn Action>)),
    open_probe: Some(|connection| Ok(Box::new(Account::of(connection)?) as Box<dyn Probe>)),
};

const fn row(kind: DoorKind, tried_with: &'static str, closed: &'static str, bad_probe: &'static str) -> DoorAnswers {
    DoorAnswers { kind, tried_with, closed, bad_probe, window: WINDOW }
}
