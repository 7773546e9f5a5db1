// SPDX-License-Identifier: Apache-2.0
// One call of the API as data: where it is, who may do it, what it takes and what it answers. From
// these rows come the dispatch, every check before the handler, and the OpenAPI document.

public import SealBroker
internal import SealBytes
public import SealHTTP

/// Who may do a call.
public struct Admission: Sendable {
    /// What the caller must show.
    public enum Proof: Sendable {
        /// Nothing; what is shown is not looked at.
        case none
        /// Any credentials.
        case credentials
        /// A certificate in TLS, and only that.
        case certificate
    }

    /// Whose tenant the caller may be of.
    public enum Reach: Sendable {
        /// The tenant that the path names, or none named.
        case own
        /// That one or the management tenant.
        case ownOrManagement
        /// The management tenant only.
        case management
    }

    /// What the caller must show.
    public var proof: Proof
    /// One of these roles is needed; empty: any.
    public var roles: Set<Role>
    /// Whose tenant the caller may be of.
    public var reach: Reach

    /// Makes a rule.
    public init(_ proof: Proof, roles: Set<Role> = [], reach: Reach = .own) {
        self.proof = proof
        self.roles = roles
        self.reach = reach
    }

    /// Everybody.
    public static let anyone = Admission(.none)
    /// Whoever has credentials.
    public static let signedIn = Admission(.credentials)
    /// Whoever shows a certificate in TLS.
    public static let certificate = Admission(.certificate)

    /// Accounts with one of these roles.
    public static func roles(_ roles: Set<Role>, reach: Reach = .own) -> Admission {
        Admission(.credentials, roles: roles, reach: reach)
    }
}

/// A value that comes with a call beside its body.
public struct Parameter: Sendable {
    /// Where it stands.
    public enum Place: String, Sendable { case path, query, header }

    /// Its name.
    public var name: String
    /// Where it stands.
    public var place: Place
    /// What it may be.
    public var schema: Schema
    /// It must be there.
    public var isNeeded: Bool
    /// What it is, in a sentence.
    public var note: String

    /// A named segment of the path.
    public static func path(_ name: String, _ schema: Schema, _ note: String) -> Parameter {
        Parameter(name: name, place: .path, schema: schema, isNeeded: true, note: note)
    }

    /// A part of the query.
    public static func query(
        _ name: String,
        _ schema: Schema,
        _ note: String,
        isNeeded: Bool = false
    ) -> Parameter {
        Parameter(name: name, place: .query, schema: schema, isNeeded: isNeeded, note: note)
    }

    /// A field of the head.
    public static func header(_ name: String, _ schema: Schema, _ note: String) -> Parameter {
        Parameter(name: name, place: .header, schema: schema, isNeeded: false, note: note)
    }
}

/// A body that a call takes.
public struct BodyShape: Sendable {
    /// How it is read before the handler.
    public enum Form: Sendable {
        /// As JSON that must be this.
        case json(Schema)
        /// As a form with files; the parts it may have.
        case form([Schema.Property])
        /// Not at all: the handler gets the bytes.
        case bytes
    }

    /// The media types, the one to be documented first.
    public var types: [MediaType]
    /// How it is read.
    public var form: Form
    /// At most so many bytes.
    public var bytesMax: Int
    /// It must be there.
    public var isNeeded: Bool

    /// The most of a body where nothing else is said.
    public static let plainBytesMax = 1 << 20

    /// Makes a shape.
    public init(
        _ types: [MediaType],
        _ form: Form,
        bytesMax: Int = BodyShape.plainBytesMax,
        isNeeded: Bool = true
    ) {
        self.types = types
        self.form = form
        self.bytesMax = bytesMax
        self.isNeeded = isNeeded
    }

    /// JSON, under this type too if one is given.
    public static func json(
        _ schema: Schema,
        _ type: MediaType? = nil,
        bytesMax: Int = BodyShape.plainBytesMax
    ) -> BodyShape {
        BodyShape((type.map { [$0] } ?? []) + [.json], .json(schema), bytesMax: bytesMax)
    }

    /// A form with these parts.
    public static func form(_ parts: [Schema.Property], bytesMax: Int) -> BodyShape {
        BodyShape([.multipartForm], .form(parts), bytesMax: bytesMax)
    }
}

/// What a call may answer.
public struct Answer: Sendable {
    /// The status.
    public var status: Status
    /// When it is given, in words.
    public var note: String
    /// The media types it can have; empty without a body.
    public var types: [MediaType]
    /// What a body of JSON is; nil for other bodies.
    public var schema: Schema?
    /// Fields that can come with it: names and what they are.
    public var fields: [(name: String, schema: Schema, note: String)]

    /// Makes an answer.
    public init(
        _ status: Status,
        _ note: String,
        types: [MediaType] = [],
        schema: Schema? = nil,
        fields: [(name: String, schema: Schema, note: String)] = []
    ) {
        self.status = status
        self.note = note
        self.types = types
        self.schema = schema
        self.fields = fields
    }

    /// JSON of this kind with 200, under this type first if one is given.
    public static func json(
        _ note: String,
        _ schema: Schema,
        _ type: MediaType? = nil
    ) -> Answer {
        json(.ok, note, schema, type)
    }

    /// No body, with 204.
    public static func empty(_ note: String) -> Answer { empty(.noContent, note) }

    /// JSON of this kind, under this type first if one is given.
    public static func json(
        _ status: Status,
        _ note: String,
        _ schema: Schema,
        _ type: MediaType? = nil
    ) -> Answer {
        Answer(status, note, types: (type.map { [$0] } ?? []) + [.json], schema: schema)
    }

    /// No body.
    public static func empty(_ status: Status, _ note: String) -> Answer {
        Answer(status, note)
    }

    /// The same with a further field.
    public func field(_ name: String, _ schema: Schema, _ note: String) -> Answer {
        var answer = self
        answer.fields.append((name, schema, note))
        return answer
    }

    /// The same with the place of what was made.
    public var located: Answer { field("Location", .uri, "Where it is.") }

    /// The same with the number of connections that were ended.
    public var ending: Answer {
        field(Call.endedField, .integer(0...Int64.max), "How many connections were ended.")
    }
}

/// One call.
public struct Operation: Sendable {
    /// Its name in the document.
    public var id: String
    /// The method.
    public var method: Method
    /// The path; named segments in braces.
    public var path: String
    /// Whose habits it follows.
    public var family: APIFamily
    /// The group in the document.
    public var tag: String
    /// What it does, in a sentence.
    public var summary: String
    /// More about it.
    public var note = ""
    /// Who may do it.
    public var admission: Admission
    /// What comes with it beside the body; those of the path included.
    public var parameters: [Parameter] = []
    /// The bodies it takes; empty: none.
    public var bodies: [BodyShape] = []
    /// What it answers when it is done.
    public var answers: [Answer]
    /// Further statuses of refusals, beside those every such call can have.
    public var problems: Set<Int> = []
    /// What a body that is not what its schema says is answered with.
    var invalidBodyStatus: Status
    /// It answers with a body although the client did not say what it takes.
    public var answersUnasked = false
    /// A caller whose password must be changed may do it.
    public var isOpenBeforePasswordChange = false
    /// Does it.
    public var handler: @Sendable (Call) throws(APIError) -> Response

    /// Makes a row; the rest is set one by one.
    public init(
        _ id: String,
        _ method: Method,
        _ path: String,
        family: APIFamily,
        tag: String,
        _ summary: String,
        _ admission: Admission,
        answers: [Answer],
        handler: @escaping @Sendable (Call) throws(APIError) -> Response
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.family = family
        invalidBodyStatus = family.invalidBodyStatus
        self.tag = tag
        self.summary = summary
        self.admission = admission
        self.answers = answers
        self.handler = handler
    }

    /// The same with further parameters, bodies and problems.
    public func taking(
        _ parameters: [Parameter] = [],
        bodies: [BodyShape] = [],
        problems: Set<Int> = [],
        note: String = "",
        answersUnasked: Bool = false
    ) -> Operation {
        var operation = self
        operation.parameters += parameters
        operation.bodies += bodies
        operation.problems.formUnion(problems)
        if !note.isEmpty { operation.note = note }
        if answersUnasked { operation.answersUnasked = true }
        return operation
    }

    /// The same, with another status for bodies that are not what their schema says.
    func refusingBodies(with status: Status) -> Operation {
        var operation = self
        operation.invalidBodyStatus = status
        return operation
    }

    /// The same, open for callers whose password must be changed first.
    var beforePasswordChange: Operation {
        var operation = self
        operation.isOpenBeforePasswordChange = true
        return operation
    }

    /// At most so many bytes of body.
    public var bodyBytesMax: Int { bodies.map(\.bytesMax).max() ?? 0 }

    /// Every status of a refusal it can answer with.
    var refusals: Set<Int> {
        // The head alone can be too long, whatever is asked for.
        var all: Set<Int> = [414, 431, 500, 503]
        if admission.proof != .none { all.formUnion([401, 403, 429]) }
        if !parameters.isEmpty || !bodies.isEmpty { all.insert(400) }
        // A path that cannot be read leads nowhere.
        if parameters.contains(where: { $0.place == .path }) { all.insert(404) }
        if !bodies.isEmpty { all.formUnion([413, 415, invalidBodyStatus.code]) }
        if answers.contains(where: { !$0.types.isEmpty }) { all.insert(406) }
        return all.union(problems)
    }

    /// Cumulocity answers a change without a body unless one was asked for.
    var mayHideBody: Bool {
        family == .cumulocity && !answersUnasked && (method == .post || method == .put)
    }
}
