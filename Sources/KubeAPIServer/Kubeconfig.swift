import APIMachinery
import AccessControl
import BuiltInTypes

/// The file by which kubectl finds the server and proves who is asking.
enum Kubeconfig {
    /// A kubeconfig with a client certificate.
    ///
    /// - Parameter authority: the PEM text of the certificate that signs the server's.
    static func text(
        server: String,
        authority: String,
        user: String,
        identity: CertificateAuthority.Identity
    ) -> String {
        func base64(_ text: String) -> JSONValue { .string(Base64.encode(Array(text.utf8))) }
        let config: JSONValue = [
            "apiVersion": "v1", "kind": "Config", "current-context": "martinet", "preferences": .object([:]),
            "clusters": [
                [
                    "name": "martinet",
                    "cluster": [
                        "server": .string(server),
                        "certificate-authority-data": base64(authority),
                    ],
                ]
            ],
            "users": [
                [
                    "name": .string(user),
                    "user": [
                        "client-certificate-data": base64(identity.certificate),
                        "client-key-data": base64(identity.key),
                    ],
                ]
            ],
            "contexts": [["name": "martinet", "context": ["cluster": "martinet", "user": .string(user)]]],
        ]
        // JSON is YAML too, so kubectl reads this, and `kubectl config` rewrites it as it likes.
        return config.prettyText() + "\n"
    }
}
