import Blobs
import Bundles
import Catalog
import Platform
import Vocabulary

/// Looking into bundles for answers and pages.
extension GatewayServices {
  /// The bundle that a reference names.
  ///
  /// - Throws: `ProblemError`, see `BundleReference.resolve`.
  func bundle(_ reference: String, in repo: RepoName) async throws -> BundleRecord {
    try await catalog.read { try BundleReference.resolve(reference, in: repo, $0) }
  }

  /// What lies directly below a folder of the bundle (its root when nil).
  ///
  /// - Throws: `ProblemError` with `not-found` for no folder, or for a cursor that is none; `BlobError`.
  func listing(
    of folder: BundlePath?, in bundle: BundleRecord, from position: Int64?, limit: Int
  ) async throws -> FolderListing {
    let inFlight = bundlesInFlight.begin(bundle.digest)
    let manifest = try await blobs.openObject(bundle.digest)
    defer { withExtendedLifetime(inFlight) { manifest.close() } }
    let listing: FolderListing?
    do {
      listing = try await ManifestReader(manifest).listing(of: folder, from: position, limit: limit)
    } catch let error as ManifestError {
      throw BlobError.failed("bundle \(bundle.id): \(error)")
    } catch let error as ProblemError where error.problem == .badRequest {
      throw PageRequest.badCursor()
    }
    guard let listing else {
      throw ProblemError(
        .notFound, detail: "bundle \(bundle.id) has no folder \(quoted(folder?.text ?? ""))")
    }
    return listing
  }

  /// A page of what changes from one bundle to another.
  ///
  /// - Throws: `ProblemError` with `busy` while too many others are compared, or for a cursor that is none; `BlobError`.
  func difference(
    from old: BundleRecord, to new: BundleRecord, at position: BundleDiff.Position, limit: Int
  ) async throws -> BundleDiff.Page {
    // What finding renames may take: paths, and for each file its digest and its places in two tables.
    let share = ByteReservation(downloadBudget)
    guard share.grow(by: RenameMatch.mostPathBytes + RenameMatch.mostFiles * 200) else {
      throw ProblemError(.busy, detail: "too many bundles are being compared or downloaded")
    }
    let inFlight = [old.digest, new.digest].map(bundlesInFlight.begin)
    defer { withExtendedLifetime((share, inFlight)) {} }
    let oldManifest = try await blobs.openObject(old.digest)
    defer { oldManifest.close() }
    let newManifest = try await blobs.openObject(new.digest)
    defer { newManifest.close() }
    let diff = BundleDiff(from: ManifestReader(oldManifest), to: ManifestReader(newManifest))
    do {
      return try await diff.page(from: position, limit: limit)
    } catch let error as ManifestError {
      throw BlobError.failed("bundle \(old.id) or \(new.id): \(error)")
    } catch let error as ProblemError where error.problem == .badRequest {
      throw PageRequest.badCursor()
    }
  }
}
