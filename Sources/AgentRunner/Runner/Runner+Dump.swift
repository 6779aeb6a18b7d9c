import Logging

extension Runner {
    /// Logs what the runner is doing, for people who ask with SIGUSR1: its jobs, a line each, and the controller's
    /// orders. Nothing else changes.
    public func logState() {
        let (jobs, running, isDraining, isStopping) = state.update { state in
            (state.heldJobs, state.running, state.isDraining, state.isStopping)
        }
        logger.notice(
            "state",
            metadata: [
                "controller": "\(options.controller)", "workers": "\(options.workers)", "running": "\(running)",
                "held": "\(jobs.count)", "draining": "\(isDraining)", "stopping": "\(isStopping)",
            ]
        )
        for job in jobs {
            logger.notice(
                "state of a job",
                metadata: [
                    "job": "\(job.id)", "run": "\(job.run.namespace)/\(job.run.name)", "step": "\(job.step)",
                    "attempt": "\(job.attempt)", "actor": "\(job.actor)",
                ]
            )
        }
    }
}
