import APIMachinery
import Glibc
import TestSupport
import Testing

/// kubectl in the forms in which people use it, against the whole plane.
@Suite("kubectl", .serialized)
struct KubectlTests {
    typealias Line = KubectlDialogue.Line

    @Test("Objects are applied, compared, changed and deleted in all the ways there are")
    func objects() async throws {
        try await Plane.with { plane in
            let dialogue = try await KubectlDialogue(plane)
            try await plane.kubectl("config", "set-context", "--current", "--namespace=work")
            try await plane.kubectl("create", "namespace", "work")
            try await dialogue.say(Self.applying)
            try await dialogue.say(Self.comparing)
            try await dialogue.say(Self.changing)
            try await dialogue.say(Self.looking)
            try await dialogue.say(Self.generating)
            try await dialogue.say(Self.deleting)
            try await Self.proxy(dialogue)
        }
    }

    private static let applying: [Line] = [
        Line("kubectl apply -f configmap.yaml", out: "configmap/plain created"),
        Line("kubectl apply -f configmap.yaml", out: "configmap/plain unchanged"),
        Line("kubectl apply -f - <changed.yaml", out: "configmap/plain configured"),
        Line("kubectl get cm plain -o jsonpath={.data}", out: #"{"color":"blue"}"#),
        Line("kubectl apply view-last-applied cm/plain", out: "color: blue"),
        Line("kubectl apply set-last-applied -f configmap.yaml", out: "configmap/plain configured"),
        Line("EDITOR='sed -i s/red/pink/' kubectl apply edit-last-applied cm/plain", out: "configmap/plain edited"),
        Line("kubectl apply view-last-applied cm/plain -o json", out: #""color": "pink""#),
        Line("kubectl apply -R -f tree", out: "configmap/outer created", "configmap/inner created"),
        Line("kubectl get cm -l tree=yes -o name", out: "configmap/inner\nconfigmap/outer\n"),
        Line("kubectl apply -k overlay", out: "configmap/live-config created", "configmap/live-made created"),
        Line("kubectl get cm live-config -o go-template='{{.data.mode}} {{.data.level}}'", out: "production high"),
        Line("kubectl apply -k overlay", out: "configmap/live-config unchanged"),
        Line("kubectl apply -k patches", out: "configmap/config-patched created", since: 25),
        Line("kubectl get cm -l patched=yes -o jsonpath='{.items[0].data.level}'", out: "middle", since: 25),
        Line("kubectl delete -k patches", out: #"configmap "config-patched" deleted"#, since: 25),
        Line("kubectl kustomize overlay | kubectl apply -f - --dry-run=server", out: "unchanged (server dry run)"),
        Line(
            "kubectl apply --server-side --field-manager=one -f configmap.yaml --force-conflicts",
            out: "configmap/plain serverside-applied"
        ),
        Line(
            "kubectl apply --server-side --field-manager=two -f changed.yaml",
            exit: 1,
            error: #"Apply failed with 1 conflict: conflict with "one""#,
            ".data.color",
            since: 21
        ),
        Line(
            "kubectl apply --server-side --field-manager=two -f changed.yaml --force-conflicts",
            out: "configmap/plain serverside-applied"
        ),
        Line("kubectl apply -f prune", out: "configmap/prune-one created", "configmap/prune-two created"),
        Line(
            "kubectl apply --prune -l set=pruned -f prune/one.yaml",
            out: "configmap/prune-one unchanged",
            "configmap/prune-two pruned",
            since: 25
        ),
        Line(
            "KUBECTL_APPLYSET=true kubectl apply --prune --applyset=sets -n work --server-side -f tree -R --force-conflicts",
            out: "configmap/inner serverside-applied",
            since: 27
        ),
        Line(
            "KUBECTL_APPLYSET=true kubectl apply --prune --applyset=sets -n work --server-side -f tree/outer.yaml "
                + "--force-conflicts",
            out: "configmap/outer serverside-applied",
            "configmap/inner pruned",
            since: 27
        ),
        Line("kubectl apply -f nowhere.yaml", exit: 1, error: "does not exist"),
    ]

    private static let comparing: [Line] = [
        Line("kubectl apply -f configmap.yaml", out: "configmap/plain configured"),
        Line("kubectl diff -f configmap.yaml"),
        Line("kubectl diff -f changed.yaml", exit: 1, out: "-  color: red", "+  color: blue"),
        Line("kubectl diff --server-side --force-conflicts -f changed.yaml", exit: 1, out: "+  color: blue"),
        Line("kubectl diff -k overlay"),
        Line("kubectl apply -f changed.yaml --dry-run=server", out: "configmap/plain configured (server dry run)"),
        Line("kubectl get cm plain -o jsonpath={.data.color}", out: "red"),
    ]

    private static let changing: [Line] = [
        Line("EDITOR='sed -i s/red/gray/' kubectl edit cm plain", out: "configmap/plain edited"),
        Line("EDITOR=true kubectl edit cm plain", error: "Edit cancelled, no changes made."),
        Line("kubectl replace -f configmap.yaml", out: "configmap/plain replaced"),
        Line(
            "kubectl replace --force -f configmap.yaml",
            out: #"configmap "plain" deleted"#,
            "configmap/plain replaced"
        ),
        Line("kubectl patch cm plain -p '{\"data\":{\"a\":\"1\"}}'", out: "configmap/plain patched"),
        Line("kubectl patch cm plain --type=merge -p '{\"data\":{\"a\":null}}'", out: "configmap/plain patched"),
        Line(
            "kubectl patch cm plain --type=json -p '[{\"op\":\"add\",\"path\":\"/data/b\",\"value\":\"2\"}]'",
            out: "configmap/plain patched"
        ),
        Line("kubectl patch cm plain -p '{\"data\":{\"b\":\"2\"}}'", out: "configmap/plain patched (no change)"),
        Line("kubectl get cm plain -o jsonpath={.data}", out: #"{"b":"2","color":"red","size":"1"}"#),
        Line("kubectl label cm plain season=spring", out: "configmap/plain labeled"),
        Line("kubectl label cm plain season=fall", exit: 1, error: "already has a value (spring)"),
        Line("kubectl label cm plain season=fall --overwrite", out: "configmap/plain labeled"),
        Line("kubectl label cm plain season-", out: "configmap/plain "),
        Line("kubectl annotate cm -l tier=web note='two words'", out: "configmap/plain annotated"),
        Line("kubectl get cm plain -o jsonpath='{.metadata.annotations.note}'", out: "two words"),
        Line("kubectl wait --for=jsonpath='{.data.b}'=2 cm/plain", out: "configmap/plain condition met", since: 23),
        Line("kubectl autoscale cm/plain --max=3", exit: 1, error: "cannot autoscale a ConfigMap"),
        Line("kubectl scale cm/plain --replicas=3", exit: 1, error: "could not find the requested resource"),
        Line("kubectl rollout status deployment/x", exit: 1, error: #"deployments.apps "x" not found"#),
        Line("kubectl rollout restart cm/plain", exit: 1, error: "restarting is not supported"),
        Line("kubectl set image cm/plain a=b", exit: 1, error: "not a pod or does not have a pod template"),
    ]

    private static let looking: [Line] = [
        Line("kubectl get cm", out: "NAME ", "DATA   AGE", "plain "),
        Line("kubectl get cm plain -o wide --show-labels", out: "tier=web"),
        Line("kubectl get cm -o custom-columns=N:.metadata.name,C:.data.color --no-headers", out: "plain", "red"),
        Line("kubectl get cm --sort-by=.metadata.name -o name", out: "configmap/live-config\nconfigmap/live-made\n"),
        Line("kubectl get cm --field-selector metadata.name=plain -o name", out: "configmap/plain\n"),
        Line("kubectl get cm --chunk-size=1 -o name", out: "configmap/live-made\n", "configmap/plain\n"),
        Line("kubectl get cm plain -o yaml --show-managed-fields", out: "manager: kubectl-patch", since: 21),
        Line("kubectl get cm,sa -A", out: "kube-system", "serviceaccount/default"),
        Line("kubectl get --raw /api/v1/namespaces/work/configmaps/plain", out: #""color":"red""#),
        Line("kubectl get nothing", exit: 1, error: #"the server doesn't have a resource type "nothing""#),
        Line("kubectl get cm nothing", exit: 1, error: #"configmaps "nothing" not found"#),
        Line("kubectl get cm nothing --ignore-not-found"),
        Line("kubectl get cm -w --output-watch-events --request-timeout=1s | head -n 2", out: "ADDED", since: 16),
        Line("kubectl get all", error: "No resources found in work namespace."),
        Line("kubectl describe cm plain", out: "Data\n====", "color:", "Events:"),
        Line("kubectl describe namespace work", out: "Status:", "Active", "No resource quota."),
        Line("kubectl describe sa default", out: "Tokens:"),
        Line("kubectl describe node", out: "Conditions:", "Allocatable:"),
        Line("kubectl describe lease -A", out: "Renew Time"),
        Line("kubectl explain configmap.data", out: "data", "<map[string]string>"),
        Line("kubectl explain pod.spec.containers --recursive", out: "livenessProbe", "terminationMessagePath"),
        Line("kubectl explain lease --recursive", out: "holderIdentity"),
        Line("kubectl explain nothing", exit: 1, error: "nothing"),
        Line("kubectl api-resources", out: "customresourcedefinitions", "workerpools", "leases"),
        Line("kubectl api-resources --api-group=apps -o name", out: "controllerrevisions.apps"),
        Line("kubectl api-versions", out: "coordination.k8s.io/v1\n", "\nv1\n"),
        Line("kubectl cluster-info", out: "is running at"),
        Line("kubectl version", out: "Server Version"),
        Line("kubectl auth can-i create pods", out: "yes"),
        Line("kubectl auth can-i --list", out: "*.*"),
        Line("kubectl config view", out: "namespace: work"),
    ]

    private static let generating: [Line] = [
        Line("kubectl create cm made --from-literal=a=1 --from-file=configmap.yaml", out: "configmap/made created"),
        Line("kubectl create secret generic hidden --from-literal=a=b", out: "secret/hidden created"),
        Line("kubectl create secret docker-registry pull --docker-username=u --docker-password=p", out: "created"),
        Line("kubectl get secret pull -o jsonpath={.type}", out: "kubernetes.io/dockerconfigjson"),
        Line("kubectl describe secret hidden", out: "a:  1 bytes"),
        Line("kubectl create sa robot", out: "serviceaccount/robot created"),
        Line("kubectl create namespace other --dry-run=server -o name", out: "namespace/other"),
        Line("kubectl create -f configmap.yaml", exit: 1, error: "already exists"),
        Line("kubectl create deployment d --image=x", exit: 1, error: "does not allow this method"),
        Line("kubectl get deployments,jobs", error: "No resources found in work namespace."),
        Line("kubectl create cm 'Bad Name'", exit: 1, error: "a lowercase RFC 1123 subdomain must consist of"),
        Line("kubectl run gone --image=missing:1 --restart=Never -- x", out: "pod/gone created"),
        Line("kubectl delete pod gone --now", out: #"pod "gone" "#),
    ]

    private static let deleting: [Line] = [
        Line("kubectl delete cm made --dry-run=server", out: "(server dry run)"),
        Line("kubectl delete cm made hidden --ignore-not-found", out: #"configmap "made" deleted"#),
        Line("kubectl delete secret/hidden secret/pull", out: #"secret "hidden" deleted"#),
        Line("kubectl patch cm plain -p '{\"metadata\":{\"finalizers\":[\"a.test/hold\"]}}'", out: "patched"),
        Line("kubectl delete cm plain --wait=false", out: #"configmap "plain" deleted"#),
        Line("kubectl get cm plain -o jsonpath={.metadata.finalizers}", out: "a.test/hold"),
        Line("kubectl patch cm plain -p '{\"metadata\":{\"finalizers\":null}}'", out: "configmap/plain patched"),
        Line("kubectl wait --for=delete cm/plain", since: 24),
        Line("kubectl get cm plain", exit: 1, error: #"configmaps "plain" not found"#),
        Line("kubectl delete cm -l tree=yes --cascade=foreground", out: #"configmap "outer" deleted"#),
        Line("kubectl delete cm --all --cascade=orphan", out: #"configmap "live-made" deleted"#),
        Line("kubectl delete namespace kube-system", exit: 1, error: "this namespace may not be deleted"),
        Line("kubectl delete namespace work --timeout=60s", out: #"namespace "work" deleted"#),
    ]

    /// `kubectl proxy` hands requests on, and serves the file that another kubectl applies from its URL.
    private static func proxy(_ dialogue: KubectlDialogue) async throws {
        let folder = "\(Files.root)/Tests/EndToEndTests/Clients/kubectl"
        let proxy = try dialogue.plane.commands.start([
            "kubectl", "proxy", "--port=0", "--www=\(folder)", "--www-prefix=/files/",
        ])
        defer { proxy.signal(SIGKILL) }
        let port = try await eventually("the proxy serves") {
            proxy.output().out.split(whereSeparator: \.isWhitespace).last?.split(separator: ":").last.flatMap {
                Int($0)
            }
        }
        try await dialogue.say([
            Line(
                "kubectl apply -n default -f http://127.0.0.1:\(port)/files/configmap.yaml",
                out: "configmap/plain created"
            ),
            Line(
                "curl -s http://127.0.0.1:\(port)/api/v1/namespaces/default/configmaps/plain",
                out: #""color": "red""#
            ),
            Line("curl -s http://127.0.0.1:\(port)/readyz", out: "ok"),
        ])
    }

    @Test("A kind of one's own is served, explained, shown, scaled, awaited and checked as soon as it is applied")
    func customKinds() async throws {
        try await Plane.with { plane in
            let dialogue = try await KubectlDialogue(plane)
            try await dialogue.say(Self.custom)
        }
    }

    private static let custom: [Line] = [
        Line("kubectl apply -f definition.yaml && kubectl wait --for=condition=established crd/plants.garden.test"),
        Line("kubectl explain plant", out: "Plant is something green."),
        Line("kubectl explain plant.spec.leaves", out: "How many leaves it has."),
        Line("kubectl explain plant --recursive", out: "planted", "indoors"),
        Line("kubectl api-resources --categories=green -o name", out: "plants.garden.test", since: 25),
        Line("kubectl create --validate=false -f plant.yaml", out: "plant.garden.test/fern created"),
        Line(
            "kubectl create --validate=strict -f plant.yaml",
            exit: 1,
            error: #"unknown field "spec.unknown""#,
            since: 25
        ),
        Line("kubectl get pl fern -o jsonpath={.spec}", out: #""color":"green""#, #""kind":"loam""#, not: ["unknown"]),
        Line("kubectl get pl", out: "NAME   LEAVES   READY   PLANTED   INDOORS", "fern   3", "true"),
        Line("kubectl get pl -o wide", out: "HEIGHT", "1.5"),
        Line("kubectl get all", out: "plant.garden.test/fern"),
        Line("kubectl get pl --field-selector spec.color=green -o name", out: "plant.garden.test/fern"),
        Line("kubectl get pl --field-selector spec.color=red -o name", not: ["fern"]),
        Line("kubectl scale plant/fern --replicas=5", out: "plant.garden.test/fern scaled"),
        Line(
            "kubectl patch plant fern --type=merge -p '{\"spec\":{\"leaves\":4}}'",
            exit: 1,
            error: #"The Plant "fern" is invalid: spec: Invalid value: it has more leaves already"#
        ),
        Line(
            "kubectl patch plant fern --type=merge -p '{\"spec\":{\"color\":\"blue\"}}'",
            exit: 1,
            error: #"spec.color: Unsupported value: "blue": supported values: "green", "red""#
        ),
        Line("kubectl wait --for=condition=Ready plant/fern --timeout=1s", exit: 1, error: "timed out waiting"),
        Line(
            "kubectl patch plant fern --type=merge --subresource=status "
                + "-p '{\"status\":{\"conditions\":[{\"type\":\"Ready\",\"status\":\"True\"}]}}'",
            out: "patched",
            since: 24
        ),
        Line("kubectl wait --for=condition=Ready plant/fern --timeout=60s", out: "condition met", since: 24),
        Line("kubectl get plants.v1beta1.garden.test", out: "fern", error: "garden.test/v1beta1 Plant is deprecated"),
        Line("EDITOR='sed -i s/green/red/' kubectl edit plant fern", out: "plant.garden.test/fern edited"),
        Line(
            "kubectl apply --server-side -f plant.yaml --validate=false",
            exit: 1,
            error: ".spec.unknown: field not declared in schema",
            since: 25
        ),
        Line("kubectl describe plant fern", out: "Kind:         Plant", "Leaves:"),
        Line("kubectl describe crd plants.garden.test", out: "InitialNamesAccepted"),
        Line("kubectl rollout status plant/fern", exit: 1, error: #"no kind "Plant" is registered"#),
        // The watch ends with the definition.
        Line("kubectl get pl -w -o name & kubectl delete crd plants.garden.test && wait", out: "deleted"),
        Line("kubectl get plants", exit: 1, error: "the server"),
        Line("kubectl get --raw /apis/garden.test", exit: 1, error: "could not find the requested resource"),
    ]

    @Test("What runs can be looked at: logs in all forms, usage, events")
    func running() async throws {
        try await Plane.with { plane in
            let dialogue = try await KubectlDialogue(plane)
            try await plane.ctl("image", "add", "shell:1", "/bin/sh", "--data-dir", plane.dataDirectory)
            try await dialogue.say(Self.starting)
            try await eventually("the container has run twice") {
                let count = try await plane.get("pod", "crasher")
                    .value(at: "status", "containerStatuses")?.arrayValue?.first?["restartCount"]?.intValue
                return (count ?? 0) > 0
            }
            try await dialogue.say(Self.running)
            try await eventually("usage is measured") {
                try await plane.commands.run(["kubectl", "top", "pod", "talker"]).out.contains("talker")
            }
            try await dialogue.say(Self.measuring)
            try await dialogue.say(Self.ending)
        }
    }

    private static let starting: [Line] = [
        Line("kubectl apply -f pod.yaml -f crasher.yaml", out: "pod/talker created", "pod/crasher created"),
        Line("kubectl wait --for=condition=Ready pod/talker --timeout=60s", out: "pod/talker condition met"),
    ]

    private static let running: [Line] = [
        Line("kubectl get pods", out: "talker", "1/1     Running"),
        Line("kubectl get pods -o wide --field-selector spec.nodeName!=", out: "NODE", "talker"),
        Line("kubectl logs talker", out: "first\nsecond\n"),
        Line("kubectl logs talker --tail=1", out: "second\n", not: ["first"]),
        Line("kubectl logs talker --timestamps", out: "T", "Z first\n"),
        Line("kubectl logs talker --since=1h", out: "first"),
        Line("kubectl logs talker --limit-bytes=3", out: "fir", not: ["first"]),
        Line("kubectl logs -l app=talker --prefix", out: "[pod/talker/main] first"),
        Line("kubectl logs -f talker --request-timeout=2s | head -n 2", out: "first\nsecond\n"),
        Line("kubectl logs talker -c nothing", exit: 1, error: "container nothing is not valid for pod talker"),
        Line("kubectl logs talker --previous", exit: 1, error: "previous terminated container"),
        Line("kubectl logs crasher --previous", out: "run at "),
        Line("kubectl describe pod crasher", out: "Exit Code:    3", "Restart Count:"),
        Line("kubectl get events --field-selector involvedObject.name=crasher", out: "BackOff"),
        Line("kubectl events --for pod/talker", out: "Started", since: 26),
        Line("kubectl exec talker -- ls", exit: 1, error: "could not find the requested resource"),
    ]

    private static let measuring: [Line] = [
        Line("kubectl top pods", out: "CPU(cores)", "talker"),
        Line("kubectl top pods --containers", out: "main"),
        Line("kubectl top nodes", out: "MEMORY"),
    ]

    private static let ending: [Line] = [
        Line("kubectl delete pod talker --grace-period=0 --force --wait=false", out: "force deleted"),
        Line("kubectl delete pod crasher --now", out: "deleted"),
        Line("kubectl wait --for=delete pod/talker pod/crasher --timeout=60s", since: 24),
    ]
}
