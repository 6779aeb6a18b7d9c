// pod-shim runs one container for the plane and sees to it that nothing of it outlives the plane.
//
//   pod-shim [--log FILE [--log-size BYTES] [--log-files N]] [--directory DIR] -- PATH NAME [ARGUMENT...]
//
// PATH is run with NAME as its argument 0, in a session of its own, with the shim's environment. Standard input is the
// plane's lifeline: a `t` asks the program to end (SIGTERM), a `k` kills all of it, and the end of input, which comes
// whenever the plane ends, kills all of it, too. Standard output tells the plane, a line each:
//
//   started PID            the program runs
//   failed STAGE ERRNO     it could not be started
//   exited CODE            it ended by itself
//   signaled NUMBER        it was killed by a signal
//
// The last three come when no process of the program is left, also none in another session or process group.
import CLinux
import Glibc

signal(SIGPIPE, SIG_IGN)
// The container must not end because somebody asks for a dump or for new configuration.
for number in [SIGUSR1, SIGUSR2, SIGHUP, SIGALRM] { signal(number) { _ in } }
cl_set_process_name("pod-shim")
// Out of the session of a terminal: its Ctrl-C is for the plane, which then ends its Pods in order.
_ = setsid()

guard let options = Options(Array(CommandLine.arguments.dropFirst())) else {
    let usage = "usage: pod-shim [--log FILE [--log-size BYTES] [--log-files N]] [--directory DIR] -- PATH NAME ..."
    _ = write(bytes: Array("\(usage)\n".utf8), to: STDERR_FILENO)
    exit(64)
}
var shim = Shim(options)
exit(shim.run())
