import Catalog
import Platform
import Pushes
import Vocabulary

/// The push that the files of one request go into; one of the request's own is opened with its first file.
struct BatchPush: Sendable {
  private let services: GatewayServices
  private let request: BatchRequest
  private(set) var id: PushID?
  /// True when this request opened it.
  private(set) var isNew = false

  /// Finds the push that the request names, or that its key came to before.
  ///
  /// - Throws: `ProblemError`: `not-found`, `push-closed`, or `idempotency-key-reused`.
  init(_ request: BatchRequest, _ services: GatewayServices) async throws {
    self.services = services
    self.request = request
    if let earlier = try await Self.earlier(request, services) {
      id = earlier
      return
    }
    guard case .push(let named) = request.target else { return }
    let entry = Self.entry(request, subject: named, services)
    try await services.catalog.write { transaction in
      let push = try PushRules.requirePush(named, in: transaction)
      guard push.state == .open else {
        throw ProblemError(
          .pushClosed, detail: "push \(named) is \(push.state.rawValue) and takes no more changes")
      }
      if let entry, try transaction.idempotentRequest(entry.key) == nil { try transaction.insert(entry) }
    }
    id = named
  }

  /// The push, opened now if need be.
  mutating func opened() async throws -> PushID {
    if let id { return id }
    guard case .own(let fields, _) = request.target else {
      preconditionFailure("a push that is named is found at first")
    }
    let push = try await services.pushes.open(fields)
    if let entry = Self.entry(request, subject: push.id, services) {
      let isFirst = try await services.catalog.write { transaction in
        guard try transaction.idempotentRequest(entry.key) == nil else { return false }
        try transaction.insert(entry)
        return true
      }
      if !isFirst {
        // The key came with another request meanwhile.
        _ = try await services.pushes.cancel(push.id)
        if let earlier = try await Self.earlier(request, services) {
          id = earlier
          return earlier
        }
      }
    }
    (id, isNew) = (push.id, true)
    return push.id
  }

  /// Seals a push of the request's own that is still open; nil when there is nothing to do.
  func seal() async throws -> PushRecord? {
    guard let id, case .own(_, seals: true) = request.target, try await record()?.state == .open else {
      return nil
    }
    return try await services.sealPush(id)
  }

  /// nil before it is opened.
  func snapshot() async throws -> PushSnapshot? {
    guard let id else { return nil }
    return try await services.catalog.read { reader in
      try PushSnapshot(try PushRules.requirePush(id, in: reader), reader, services.scheduler)
    }
  }

  private func record() async throws -> PushRecord? {
    guard let id else { return nil }
    return try await services.catalog.read { try $0.push(id) }
  }

  private static func entry(
    _ request: BatchRequest, subject: PushID, _ services: GatewayServices
  ) -> IdempotentRequest? {
    request.idempotencyKey.map { key in
      IdempotentRequest(
        key: key, fingerprint: request.fingerprint, subject: subject.text, createdAt: services.clock.now())
    }
  }

  private static func earlier(_ request: BatchRequest, _ services: GatewayServices) async throws -> PushID? {
    guard let key = request.idempotencyKey,
      let known = try await services.catalog.read({ try $0.idempotentRequest(key) })
    else { return nil }
    guard known.fingerprint == request.fingerprint, let push = PushID(known.subject) else {
      throw ProblemError(
        .idempotencyKeyReused,
        detail:
          "this Idempotency-Key came before with another method, path, query or Content-Type; use a new one",
        members: ["field": .text("Idempotency-Key")])
    }
    return push
  }
}
