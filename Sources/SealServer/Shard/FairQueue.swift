// SPDX-License-Identifier: Apache-2.0
// Jobs that wait for a few threads, in a line for each source or tenant: lines take turns, so that
// a long one delays nobody but itself. Not here: threads.

/// Lines of jobs that take turns.
struct FairQueue<Job> {
    /// What became of a job that was put in.
    enum Outcome {
        case taken
        /// As many wait as may, and no line is longer than this one.
        case refused
        /// It was taken, and the youngest job of the longest line had to go for it.
        case displaced(Job)
    }

    private struct Line {
        var jobs: [Job] = []
        /// Where the oldest of the jobs is.
        var first = 0
        var running = 0
        var isInTurn = false

        var waiting: Int { jobs.count - first }

        mutating func takeOldest() -> Job? {
            guard first < jobs.count else { return nil }
            let job = jobs[first]
            first += 1
            if first == jobs.count || first >= 64 {
                jobs.removeFirst(first)
                first = 0
            }
            return job
        }
    }

    /// Jobs that may wait, of all lines together.
    let waitingMax: Int
    /// Jobs of one line that may run at a time.
    let runningPerLineMax: Int
    /// Jobs that wait.
    private(set) var waiting = 0
    private var lines: [[UInt8]: Line] = [:]
    /// Lines with a job that may run, in the order of their turns.
    private var turns: [[UInt8]] = []
    private var firstTurn = 0
    /// The line that was the longest when it was looked for.
    private var longest: [UInt8] = []
    private var searchesDue = 0

    init(waitingMax: Int, runningPerLineMax: Int) {
        self.waitingMax = max(waitingMax, 1)
        self.runningPerLineMax = max(runningPerLineMax, 1)
    }

    /// The lines that are known, for the test that none is left behind.
    var lineCount: Int { lines.count }

    /// Puts a job at the end of a line.
    mutating func put(_ job: Job, line key: [UInt8]) -> Outcome {
        var displaced: Job?
        if waiting >= waitingMax {
            let mine = lines[key]?.waiting ?? 0
            if (lines[longest]?.waiting ?? 0) <= mine + 1 { findLongest() }
            guard let line = lines[longest], line.waiting > mine + 1 else { return .refused }
            displaced = lines[longest]?.jobs.popLast()
            waiting -= 1
        }
        waiting += 1
        lines[key, default: Line()].jobs.append(job)
        giveTurn(key)
        return displaced.map { .displaced($0) } ?? .taken
    }

    /// The next job that may run, with the name of its line.
    mutating func take() -> (job: Job, line: [UInt8])? {
        while firstTurn < turns.count {
            let key = turns[firstTurn]
            firstTurn += 1
            if firstTurn == turns.count || firstTurn >= 1024 {
                turns.removeFirst(firstTurn)
                firstTurn = 0
            }
            lines[key]?.isInTurn = false
            guard let line = lines[key], line.running < runningPerLineMax,
                let job = lines[key]?.takeOldest()
            else { continue }
            waiting -= 1
            lines[key]?.running += 1
            giveTurn(key)
            return (job, key)
        }
        return nil
    }

    /// A job of a line has ended.
    mutating func ended(line key: [UInt8]) {
        lines[key]?.running -= 1
        if let line = lines[key], line.running <= 0, line.waiting == 0 {
            // A turn that it may still have is passed over.
            lines[key] = nil
        } else {
            giveTurn(key)
        }
    }

    /// Looks for the longest line; not each time when there is none to be found.
    private mutating func findLongest() {
        searchesDue -= 1
        guard searchesDue <= 0 else { return }
        searchesDue = max(lines.count / 64, 1)
        longest = lines.max { $0.value.waiting < $1.value.waiting }?.key ?? []
    }

    private mutating func giveTurn(_ key: [UInt8]) {
        guard let line = lines[key], !line.isInTurn, line.waiting > 0,
            line.running < runningPerLineMax
        else { return }
        lines[key]?.isInTurn = true
        turns.append(key)
    }
}
