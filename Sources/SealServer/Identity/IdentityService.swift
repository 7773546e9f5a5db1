// SPDX-License-Identifier: Apache-2.0
// The registry in the running daemon, with everything a login and the administration need of it.
// Not here: the registry itself (SealStore), the decisions (SealBroker), the cryptography (the
// adapters beside this file).

internal import Glibc
internal import SealAdmin
internal import SealBroker
internal import SealBytes
internal import SealNet
internal import SealPKI
internal import SealStore
internal import SealTelemetry

/// Registry, login and the control of those who are connected.
final class IdentityService: Sendable {
    let registry: SQLiteRegistry
    let vault: SealedVault
    let forge: ScryptForge
    let tokens: RegistryTokenOffice
    let environment: LoginEnvironment
    let logger: Logger
    let counters: DaemonCounters
    let guesses: Locked<GuessLimit>
    let proven = Locked(ProvenPasswords())
    let proofKey: [UInt8]
    let log: Locked<DecisionLog>
    let policies = PolicyShelf()
    let shards = Locked<[Mailbox<LoopLetter<ShardLetter>>]>([])
    /// The calls of the API, which some requests of devices are answered by.
    let api = Locked<AdminAPI?>(nil)
    /// Threads for logins that only look things up, and for what devices ask.
    let quick: LoginPool
    /// Threads for logins that compare passwords.
    let slow: LoginPool

    /// Opens the registry of the settings; nil when there is none.
    static func open(
        _ settings: RegistrySettings,
        quick: LoginPool,
        slow: LoginPool,
        logger: Logger,
        counters: DaemonCounters
    ) throws(DaemonError) -> IdentityService? {
        guard let folder = settings.folder else { return nil }
        let registry: SQLiteRegistry
        do throws(RegistryError) {
            registry = try SQLiteRegistry(path: "\(folder)/registry.db", counters: counters)
        } catch {
            throw problem(folder, error.reason)
        }
        let key = try key(of: registry, in: folder)
        do throws(PKIError) {
            return try IdentityService(
                registry,
                key,
                settings,
                quick: quick,
                slow: slow,
                logger: logger,
                counters: counters
            )
        } catch {
            throw problem(folder, error.reason, error.hint ?? "")
        }
    }

    private static func problem(
        _ folder: String,
        _ text: String,
        _ hint: String = "",
        isConfiguration: Bool = false
    ) -> DaemonError {
        DaemonError(
            problems: [DaemonProblem(subject: "registry", file: folder, text: text, hint: hint)],
            isConfiguration: isConfiguration
        )
    }

    /// The registry's own key.
    ///
    /// A new one is made for a new registry only: beside anything that was stored it would seal new
    /// secrets, and leave the old ones unreadable, as if all were well.
    private static func key(
        of registry: SQLiteRegistry,
        in folder: String
    ) throws(DaemonError) -> VaultKey {
        let file = "\(folder)/registry.key"
        let restore =
            "put registry.key of this registry back from the backup, for the daemon's user alone "
            + "(mode 600); if it is lost, move registry.db away and begin with a new registry"
        func asking<Answer>(
            _ question: () throws(RegistryError) -> Answer
        ) throws(DaemonError) -> Answer {
            do throws(RegistryError) { return try question() } catch {
                throw problem(folder, error.reason)
            }
        }
        let isBlank = try asking { () throws(RegistryError) in try registry.isBlank }
        let key: VaultKey
        let vault: SealedVault
        do throws(PKIError) {
            key = try isBlank ? VaultKey.loadOrMake(file) : VaultKey.load(file)
            vault = try SealedVault(key)
        } catch {
            let isThere = access(file, F_OK) == 0
            throw problem(
                folder,
                isThere
                    ? error.reason
                    : "\(file) is missing, and the registry beside it has content",
                isThere ? error.hint ?? restore : restore,
                isConfiguration: true
            )
        }
        let isRight = try asking { () throws(RegistryError) in try registry.takesKey(of: vault) }
        guard isRight else {
            throw problem(
                folder,
                "\(file) is not the key of this registry: its secrets do not open with it",
                restore,
                isConfiguration: true
            )
        }
        return key
    }

    private init(
        _ registry: SQLiteRegistry,
        _ key: VaultKey,
        _ settings: RegistrySettings,
        quick: LoginPool,
        slow: LoginPool,
        logger: Logger,
        counters: DaemonCounters
    ) throws(PKIError) {
        self.registry = registry
        self.quick = quick
        self.slow = slow
        self.logger = logger
        self.counters = counters
        vault = try SealedVault(key)
        forge = ScryptForge(saltKey: try key.derived("shared salts"))
        var rotation = RegistryTokenOffice.Rotation()
        rotation.signsSeconds = Int64(settings.tokenKeySeconds)
        let clock: @Sendable () -> Int64 = { SystemClock.now.microseconds / 1_000_000 }
        tokens = RegistryTokenOffice(
            registry: registry,
            vault: vault,
            rotation: rotation,
            clock: clock
        )
        environment = LoginEnvironment(
            registry: registry,
            chains: try OpenSSLChainJudge(key),
            tokens: tokens,
            clock: clock
        )
        guesses = Locked(GuessLimit(GuessLimit.Bounds(settings)))
        log = Locked(DecisionLog(DecisionLog.Bounds(settings)))
        proofKey = try Cryptography.randomBytes(32)
        registry.observe { [weak self] changes in self?.carryOut(changes) ?? ChangeEffect() }
    }

    /// Takes settings that apply without a restart.
    func reload(_ settings: RegistrySettings) {
        guesses.withLock { $0.update(GuessLimit.Bounds(settings)) }
        log.withLock { $0.update(DecisionLog.Bounds(settings)) }
    }

    /// What a shard hands its slow questions to.
    var doors: ShardDoors {
        ShardDoors(
            login: { [self] question, answer in login(question, answer) },
            authenticate: { [self] question, answer in authenticate(question, answer) },
            serve: { [self] request, principal, answer in serve(request, principal, answer) },
            note: { [self] record in note(record) }
        )
    }
}

extension GuessLimit.Bounds {
    init(_ settings: RegistrySettings) {
        self.init()
        perUser = settings.guessesPerUser
        perSource = settings.guessesPerSource
        waitingPerUser = settings.comparisonsPerUser
        waitingPerSource = settings.comparisonsPerSource
        waitingMax = settings.comparisonsWaiting
    }
}

extension DecisionLog.Bounds {
    init(_ settings: RegistrySettings) {
        self.init()
        bytes = settings.decisionBytes
        ringBytes = min(settings.decisionBytesPerTenant / 2, bytes)
    }
}
