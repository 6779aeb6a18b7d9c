import APIMachinery

/// The file by which kubectl finds the server and proves who is asking.
enum Kubeconfig {
    /// A kubeconfig with a client certificate.
    static func text(server: String, authority: CertificateAuthority) -> String {
        func base64(_ text: String) -> JSONValue { .string(Base64.encode(Array(text.utf8))) }
        let config: JSONValue = [
            "apiVersion": "v1", "kind": "Config", "current-context": "martinet", "preferences": .object([:]),
            "clusters": [
                [
                    "name": "martinet",
                    "cluster": [
                        "server": .string(server),
                        "certificate-authority-data": base64(authority.authority.certificate),
                    ],
                ]
            ],
            "users": [
                [
                    "name": "admin",
                    "user": [
                        "client-certificate-data": base64(authority.administrator.certificate),
                        "client-key-data": base64(authority.administrator.key),
                    ],
                ]
            ],
            "contexts": [["name": "martinet", "context": ["cluster": "martinet", "user": "admin"]]],
        ]
        // JSON is YAML too, so kubectl reads this, and `kubectl config` rewrites it as it likes.
        return config.prettyText() + "\n"
    }
}
