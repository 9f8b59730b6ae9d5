import Blobs
import Bundles
import Catalog
import GatewayConfiguration
import Logging
import Platform
import Vocabulary

/// Reading storage for responses.
extension GatewayServices {
  /// How long a client may take nothing of a response.
  ///
  /// Several idle times: a socket with a large buffer tells of a slow client's progress only now and then.
  var patience: Duration { .seconds(5 * settings.idleTimeoutSeconds) }

  /// Tells the operator of a storage fault that comes too late for a problem document.
  func reportingFaults<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
      return try await body()
    } catch let error as BlobError {
      report(error.description)
      throw error
    }
  }

  /// A line for the operator: in the log and on the status page.
  func report(_ line: String) {
    errors.add(line, at: clock.now())
    logger.error("\(line)")
  }

  /// The object of an entry, seen to have its size (MUST-5).
  func openObject(of entry: Entry) async throws(BlobError) -> any BlobReader {
    let object = try await blobs.openObject(entry.digest)
    guard object.size == entry.size else {
      let size = object.size
      object.close()
      throw BlobError.failed("object \(entry.digest) has \(size) bytes, its entry says \(entry.size)")
    }
    return object
  }

  /// A page of a bundle's entries; a manifest that cannot be read is a storage fault.
  func page(
    of manifest: ManifestReader, from position: Int64, limit: Int, _ bundle: BundleRecord
  ) async throws -> (entries: [Entry], next: Int64?) {
    do {
      return try await manifest.page(from: position, limit: limit)
    } catch let error as ManifestError {
      throw BlobError.failed("bundle \(bundle.id): \(error)")
    }
  }
}
