/// What a check of a data folder found.
package struct DoctorReport: Sendable, Encodable {
  /// RFC 3339.
  package var checkedAt: String
  /// True when every stored byte was read.
  package var deep: Bool
  package var counts: Counts
  /// What was rebuilt before, if anything.
  package var rebuilt: CatalogRebuild.Report?
  /// At most 10,000, faults first; `counts` tells how many there are.
  package var findings: [Finding]

  /// How much was looked at, and found.
  package struct Counts: Sendable, Equatable, Encodable {
    package var faults = 0
    package var notices = 0
    package var uploads = 0
    package var pushes = 0
    package var partialFiles = 0
    /// Files in `objects/`.
    package var objects = 0
    package var objectBytes: Int64 = 0
    package var packs = 0
    /// Small objects that the catalog says are in packs.
    package var packedObjects = 0
    package var packedBytes: Int64 = 0
    /// Records and torn ends in packs that nothing refers to.
    package var deadPackBytes: Int64 = 0
    package var repos = 0
    package var bundles = 0
    /// Lines of all manifests.
    package var entries = 0
  }

  package var isSound: Bool { counts.faults == 0 }
}

/// Why a data folder cannot be checked or its catalog not be rebuilt; each is one line for the operator.
package enum DoctorError: Error, CustomStringConvertible {
  case notOurs(String)
  case foreignFormat(String)
  case inUse(String)
  case taken(String)
  case unusable(FileLocation)

  /// What could not be done where.
  package struct FileLocation: Sendable {
    let root: String
    let failure: String
  }

  package var description: String {
    switch self {
    case .notOurs(let root): "\(root) is no sheaf data folder: it has no 'format' file"
    case .foreignFormat(let root): "data folder \(root) has a format that this version does not read"
    case .inUse(let root):
      "data folder \(root) is in use by a running server; stop it first: what it is writing cannot be judged"
    case .taken(let path): "\(path) is there already and is not replaced"
    case .unusable(let location): "data folder \(location.root) cannot be used: \(location.failure)"
    }
  }
}
