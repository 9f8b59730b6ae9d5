import Blobs
import Catalog
import Platform
import Vocabulary

/// Verifies a bundle against storage.
package struct BundleCheck: Sendable {
  package struct Report: Sendable, Equatable {
    package var fileCount: Int64 = 0
    package var byteCount: Int64 = 0
    /// At most `flawLimit` of them.
    package var flaws: [Flaw] = []
  }
  package struct Flaw: Sendable, Equatable {
    package var path: String
    package var reason: String
  }
  package static let flawLimit = 1000
  private static let pageEntries = 500

  private let blobs: any BlobStore
  package init(blobs: any BlobStore) { self.blobs = blobs }

  /// Checks that every object is there with its size; with `isDeep`, that its bytes have its digest.
  package func run(_ bundle: BundleRecord, isDeep: Bool) async throws -> Report {
    var report = Report()
    let manifest = try await blobs.openObject(bundle.digest)
    defer { manifest.close() }
    if isDeep, try await BlobDigests.prefix(manifest.size, of: manifest) != bundle.digest {
      report.flaws.append(Flaw(path: "", reason: "the manifest does not have the bundle's digest"))
      return report
    }
    var position: Int64? = ManifestReader.start
    while let from = position {
      let page = try await ManifestReader(manifest).page(from: from, limit: Self.pageEntries)
      position = page.next
      for (entry, reason) in zip(page.entries, await flaws(of: page.entries, isDeep: isDeep)) {
        report.fileCount += 1
        report.byteCount += entry.size
        if let reason, report.flaws.count < Self.flawLimit {
          report.flaws.append(Flaw(path: entry.path.text, reason: reason))
        }
      }
    }
    if report.fileCount != bundle.fileCount || report.byteCount != bundle.byteCount {
      report.flaws.append(
        Flaw(path: "", reason: "the manifest does not have the bundle's number of files and bytes"))
    }
    return report
  }

  /// What is wrong with each entry's object: the whole page is asked for at once, and what is not found to be right that
  /// way is looked at alone.
  private func flaws(of entries: [Entry], isDeep: Bool) async -> [String?] {
    let right = isDeep ? await proved(entries) : await present(entries)
    var flaws: [String?] = []
    for entry in entries {
      flaws.append(right[entry.digest] == entry.size ? nil : await flaw(of: entry, isDeep: isDeep))
    }
    return flaws
  }

  /// The objects that are stored, with their sizes.
  private func present(_ entries: [Entry]) async -> [Digest: Int64] {
    do { return try await blobs.objectSizes(entries.map(\.digest)) } catch { return [:] }
  }

  /// The small objects whose stored bytes have their digests, with their sizes.
  private func proved(_ entries: [Entry]) async -> [Digest: Int64] {
    var proved: [Digest: Int64] = [:]
    do {
      try await blobs.visitPacked(entries.map { ($0.digest, $0.size) }) { digest, content in
        if SHA256Stream.digest(of: content) == digest { proved[digest] = Int64(content.count) }
      }
    } catch {}
    return proved
  }

  /// What is wrong with the entry's object, nil when nothing is.
  package func flaw(of entry: Entry, isDeep: Bool) async -> String? {
    do {
      let object = try await blobs.openObject(entry.digest)
      defer { object.close() }
      guard object.size == entry.size else {
        return "\(object.size) bytes in storage, \(entry.size) in the manifest"
      }
      if isDeep, try await BlobDigests.prefix(object.size, of: object) != entry.digest {
        return "the bytes in storage do not have the entry's digest"
      }
      return nil
    } catch BlobError.missing {
      return "not in storage"
    } catch {
      return "cannot be read"
    }
  }
}
