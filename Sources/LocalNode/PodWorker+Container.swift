import APIMachinery
import Containment
import ControllerRuntime
import FoundationEssentials
import Glibc
import ImageStore
import KubeAPI
import KubeClient
import Synchronization

/// How a container is prepared, run and watched.
extension PodWorker {
    /// Runs a container once, to its end, and posts what becomes of it.
    func runContainer(_ name: String, _ attempt: Int) async {
        let pod = pod
        let mark = context.containment.mark(.pod, self.name.namespace, self.name.name, uid: uid, scope: .task)
        defer { mark.end() }
        let all = (pod.spec?.initContainers ?? []) + (pod.spec?.containers ?? [])
        guard let container = all.first(where: { $0.name == name }) else { return }
        let image: ImageStore.Image
        do {
            image = try context.images.resolve(container.image ?? "")
        } catch {
            return post(.startFailed(container: name, .image(error.description)))
        }
        if attempt == 0 {
            let message = "Container image \"\(container.image ?? "")\" already present on machine"
            event(false, "Pulled", message, name)
        }
        let command: ShimCommand
        do {
            command = try await prepare(pod, container, image, attempt)
        } catch let error as ContainerConfigurationError {
            return post(.startFailed(container: name, .configuration(error.description)))
        } catch {
            return post(.startFailed(container: name, .configuration("\(error)")))
        }
        mark.end()
        await run(container, command, image, attempt)
    }

    /// Reads what the container's variables refer to and works out how it is started.
    private func prepare(
        _ pod: Pod,
        _ container: Container,
        _ image: ImageStore.Image,
        _ attempt: Int
    ) async throws -> ShimCommand {
        let environment = try await environment(pod)
        var variables = try environment.variables(of: container, node: context.options.environment)
        if PortAllocator.needsPort(container) {
            guard let port = assignPort(container.name) else {
                throw ContainerConfigurationError(description: "no free port on \(context.options.address)")
            }
            for name in PortAllocator.variables { variables[name] = String(port) }
        }
        variables["MARTINET_POD_UID"] = uid
        variables["MARTINET_PLANE"] = context.options.planeMark
        // What lies beside the image's executable can be called by its name, as in a container.
        let folder = image.path.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(
            separator: "/"
        )
        variables["PATH"] = "\(folder):\(variables["PATH"] ?? "/usr/bin:/bin")"
        let arguments = (container.args ?? []).map { expandVariables(in: $0, variables) }
        var path = image.path
        var name = image.path
        var words = arguments
        if let command = container.command, let first = command.first {
            name = expandVariables(in: first, variables)
            words = command.dropFirst().map { expandVariables(in: $0, variables) } + arguments
            // With a name that is not found the start fails, which is reported as StartError.
            path = Executables.find(name, variables) ?? name
        }
        return ShimCommand(
            shim: context.options.shimPath,
            path: path,
            arguments: [name] + words,
            environment: variables,
            directory: container.workingDir ?? "/",
            log: try context.logs.prepare(pod, container: container.name, attempt: attempt),
            logSize: context.options.logSize,
            logFiles: context.options.logFiles
        )
    }

    private func environment(_ pod: Pod) async throws -> ContainerEnvironment {
        var result = ContainerEnvironment(
            pod: pod,
            nodeName: context.options.nodeName,
            address: context.options.address,
            allocatable: context.options.capacity,
            configMaps: [:],
            secrets: [:]
        )
        let references = (pod.spec ?? PodSpec()).references
        for map in references.configMaps.sorted() {
            result.configMaps[map] = try await context.client.find(
                ConfigMap.self,
                namespace: name.namespace,
                name: map
            )
        }
        for secret in references.secrets.sorted() {
            result.secrets[secret] = try await context.client.find(
                Secret.self,
                namespace: name.namespace,
                name: secret
            )
        }
        return result
    }

    /// The container's port, the same one for all its runs.
    private func assignPort(_ container: String) -> Int? {
        if let port = state.withLock({ $0.ports[container] }) { return port }
        guard let port = context.ports.allocate() else { return nil }
        state.withLock { $0.ports[container] = port }
        return port
    }

    private func run(
        _ container: Container,
        _ command: ShimCommand,
        _ image: ImageStore.Image,
        _ attempt: Int
    ) async {
        let name = container.name
        let process = ContainerProcess()
        let exit = Box<ContainerExit?>(nil)
        let sessions = Box<Set<Int32>>([])
        await withTaskGroup(of: Void.self) { group in
            let (starts, started) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
            group.addTask { [self] in
                for await _ in starts { await probe(container, command) }
            }
            do {
                try await process.run(command) { [self] shim, report in
                    switch report {
                    case .started(let main):
                        sessions.set([main])
                        let running = Running(
                            process: process,
                            shim: shim,
                            main: main,
                            attempt: attempt,
                            memoryLimit: container.resources?.limits?["memory"]?.value
                        )
                        state.withLock { $0.running[name] = running }
                        // The shim's start makes the id unique where process ids come round again.
                        let start = ProcFS.entry(shim)?.startTicks ?? 0
                        post(.started(container: name, id: "pod-shim://\(shim)-\(start)", imageID: image.path))
                        started.yield()
                    case .failed(let stage, let error):
                        let reason = String(cString: strerror(error))
                        exit.set(
                            ContainerExit(
                                code: stage == "exec" && error == EACCES ? 126 : 128,
                                reason: "StartError",
                                message: "failed to start \(command.path): \(stage): \(reason)"
                            )
                        )
                    case .exited(let code): exit.set(.ended(code: code))
                    case .signaled(let signal): exit.set(.ended(code: 128 + signal, signal: signal))
                    }
                }
            } catch {
                if exit.get() == nil, !Task.isCancelled {
                    exit.set(
                        ContainerExit(
                            code: 128,
                            reason: "StartError",
                            message: "failed to run \(command.shim): \(error)"
                        )
                    )
                }
            }
            started.finish()
            group.cancelAll()
        }
        var end = exit.get()
        if end == nil {
            // The shim ended without a report: it was killed. The processes it looked after are looked for.
            let tree = state.withLock { $0.running[name]?.tree } ?? []
            await Strays.kill(
                marks: ["MARTINET_POD_UID=\(uid)"],
                sessions: sessions.get().union(tree.map(\.session)),
                known: tree,
                sparing: others(name)
            )
            end = ContainerExit(code: 137, signal: 9, reason: "Error", message: "the container's pod-shim was killed")
        }
        let memoryExcess = state.withLock { $0.running.removeValue(forKey: name) }?.memoryExcess
        if let memoryExcess, end?.code != 0 {
            end?.reason = "OOMKilled"
            end?.message = memoryExcess
            end?.code = 137
        }
        if let end { post(.exited(container: name, end)) }
    }

    /// The processes of the Pod's other containers, which carry the Pod's mark as well.
    private func others(_ name: String) -> Set<Int32> {
        let running = state.withLock { $0.running }
        let table = ProcessTable.read(below: running.values.map(\.shim))
        return Set(running.filter { $0.key != name }.values.flatMap { table.tree($0.shim) }.map(\.pid))
    }

    /// Asks a container its probes' questions for as long as it runs.
    private func probe(_ container: Container, _ command: ShimCommand) async {
        await withTaskGroup(of: Void.self) { group in
            let started = Notifier()
            if let startup = container.startupProbe {
                group.addTask { [self] in
                    await ask(container, .startup, startup, command) { if $0 { started.notify() } }
                }
                // The others wait for the startup probe.
                await started.wait()
                if Task.isCancelled {
                    group.cancelAll()
                    return
                }
            }
            if let probe = container.livenessProbe {
                group.addTask { [self] in await ask(container, .liveness, probe, command) { _ in } }
            }
            if let probe = container.readinessProbe {
                group.addTask { [self] in await ask(container, .readiness, probe, command) { _ in } }
            }
        }
    }

    private func ask(
        _ container: Container,
        _ kind: ProbeKind,
        _ probe: Probe,
        _ command: ShimCommand,
        _ concluded: @Sendable (Bool) -> Void
    ) async {
        var probeState = ProbeState(kind, probe)
        let port = probe.httpGet?.port ?? probe.tcpSocket?.port
        let assigned = state.withLock { $0.ports[container.name] }
        let runner = ProbeRunner(
            probe: probe,
            timeout: probeState.timeout,
            port: port.flatMap { PortAllocator.resolve($0, container, assigned: assigned) },
            address: context.options.address,
            command: command,
            time: context.time
        )
        var delay = probeState.initialDelay
        while !Task.isCancelled {
            do { try await context.time.sleep(for: delay) } catch { break }
            let answer = await runner.ask()
            if Task.isCancelled { break }
            if probeState.answer(answer.isSuccess) {
                post(.probed(container: container.name, kind, isSuccess: answer.isSuccess, message: answer.message))
                concluded(answer.isSuccess)
                if kind == .startup, answer.isSuccess { break }
            }
            delay = probeState.nextDelay
        }
        await runner.shutdown()
    }
}

/// A value that a callback leaves for the code that waits for it.
private final class Box<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func set(_ value: Value) { self.value.withLock { $0 = value } }

    func get() -> Value { value.withLock { $0 } }
}
