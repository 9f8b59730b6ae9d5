import Blobs
import Bundles
import Catalog
import HTTPTypes
import Hummingbird
import Platform
import Uploads
import Vocabulary

/// `POST /files/{id}/copy`: bytes of an upload that a bundle of its repo has are taken from there.
struct CopyRoutes: Sendable {
  /// Of one request.
  static let maximumBytes: Int64 = 1 << 30
  private let services: GatewayServices

  init(services: GatewayServices) { self.services = services }

  func add(to router: Router<GatewayContext>) {
    router.post("/files/{id}/copy") { request, context in
      try await copy(request, to: context.identifier("id", of: "upload"), context)
    }
  }

  private func copy(
    _ request: Request, to id: UploadID, _ context: GatewayContext
  ) async throws -> Response {
    let fields = try await JSONBody.decode(CopyFields.self, from: request)
    let entry = try await entry(fields, for: id)
    guard fields.count <= entry.size - fields.from else {
      throw FieldReader.flaw(
        "count",
        "count is \(fields.count) from \(fields.from) on, but \(quoted(entry.path.text)) has \(entry.size) bytes"
      )
    }
    let object = try await services.openObject(of: entry)
    defer { object.close() }
    let body = CopyBody(object, from: fields.from, count: fields.count)
    let intent = AppendIntent(offset: fields.offset, contentLength: fields.count)
    let outcome = await services.uploads.perform(
      .append(id, intent), body: body, client: services.client(of: request, context))
    switch outcome {
    case .appended(let view):
      return .json(["offset": .integer(view.offset), "state": .string(view.state.rawValue)])
    case .refused(var problem, let view):
      if let offset = view?.offset { problem.members["offset"] = .integer(offset) }
      throw body.fault ?? problem
    case .discovered, .created, .inspected, .terminated:
      throw ProblemError(.internalError, detail: "a copy was answered with something else")
    }
  }

  /// The file of a bundle of the upload's own repo: who may add to a push of a repo may read that repo, and no other.
  private func entry(_ fields: CopyFields, for id: UploadID) async throws -> Entry {
    let bundle = try await services.catalog.read { reader in
      guard let upload = try reader.upload(id) else {
        throw ProblemError(.notFound, detail: "there is no upload \(id)")
      }
      guard let push = try upload.push.flatMap({ try reader.push($0) }) else {
        throw ProblemError(.badRequest, detail: "upload \(id) has no push, and so no repo to copy from")
      }
      return try BundleReference.resolve(fields.bundle, in: push.repo, reader)
    }
    let manifest = try await services.blobs.openObject(bundle.digest)
    defer { manifest.close() }
    do {
      if let entry = try await ManifestReader(manifest).entry(at: fields.path) { return entry }
    } catch let error as ManifestError {
      throw BlobError.failed("bundle \(bundle.id): \(error)")
    }
    throw ProblemError(
      .notFound, detail: "bundle \(bundle.id) has no file \(quoted(fields.path.text))")
  }
}

/// The body of a copy.
package struct CopyFields: Decodable, Sendable {
  let bundle: String
  let path: BundlePath
  let from: Int64
  let count: Int64
  let offset: Int64

  package init(from decoder: any Decoder) throws {
    let reader = try FieldReader(decoder, fields: ["bundle", "path", "from", "count", "offset"])
    bundle = try reader.required("bundle")
    path = try BundlePath(reader.required("path"))
    from = try Self.number("from", in: 0...Int64.max, reader)
    count = try Self.number("count", in: 1...CopyRoutes.maximumBytes, reader)
    offset = try Self.number("offset", in: 0...Int64.max, reader)
  }

  private static func number(
    _ field: String, in range: ClosedRange<Int64>, _ reader: FieldReader
  ) throws -> Int64 {
    let value: Int64 = try reader.required(field)
    guard range.contains(value) else {
      throw FieldReader.flaw(
        field, "\(field) is \(value); it must be \(range.lowerBound) to \(range.upperBound)")
    }
    return value
  }
}

/// A range of a stored object as the content of a request.
private final class CopyBody: UploadBody {
  /// Between two pieces a copy can be interrupted.
  private static let pieceBytes: Int64 = 16 << 20
  private struct State {
    var isInterrupted = false
    var fault: ProblemError?
  }
  private let object: any BlobReader
  private let range: Range<Int64>
  private let state = Locked(State())

  init(_ object: any BlobReader, from start: Int64, count: Int64) {
    self.object = object
    range = start..<start + count
  }

  /// Why the object could not be read.
  var fault: ProblemError? { state.withLock { $0.fault } }

  func deliver(to sink: any UploadSink) async throws(BodyInterrupted) {
    var position = range.lowerBound
    while position < range.upperBound {
      if state.withLock({ $0.isInterrupted }) { throw BodyInterrupted() }
      let count = min(Self.pieceBytes, range.upperBound - position)
      do throws(BlobError) {
        guard try await sink.take(contentsOf: object.part(from: position, count: count)) else { return }
      } catch {
        let problem = error.problem
        state.withLock { $0.fault = problem }
        throw BodyInterrupted(problem)
      }
      position += count
    }
  }

  func interrupt() { state.withLock { $0.isInterrupted = true } }
  var isFromClient: Bool { false }
}
