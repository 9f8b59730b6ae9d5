import Catalog
import Vocabulary

/// Records for the laws: a small number names each, so that a law reads as a sentence.
enum Sample {
  /// Greater numbers give greater ids.
  static func id<Kind>(_ number: Int) -> Identifier<Kind> {
    Identifier(milliseconds: Int64(number), random: [UInt8](repeating: 7, count: 10))
  }
  static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

  static func digest(_ byte: UInt8) -> Digest {
    guard let digest = Digest(bytes: [UInt8](repeating: byte, count: 32)) else {
      preconditionFailure("a digest has 32 bytes")
    }
    return digest
  }

  // Names written in the laws are right by construction; a typo should stop the test run.
  static func path(_ text: String) -> BundlePath { must { try BundlePath(text) } }
  static func repo(_ text: String) -> RepoName { must { try RepoName(text) } }
  static func label(_ text: String) -> LabelName { must { try LabelName(text) } }

  static func upload(
    _ number: Int, state: UploadState = .created, push: Int? = nil, path: String = "a", length: Int64? = 10,
    expiresAt: Int64? = nil
  ) -> UploadRecord {
    UploadRecord(
      id: id(number), state: state, length: length, metadata: .none, push: push.map { id($0) },
      path: self.path(path), filename: nil, declaredDigest: nil, modifiedAt: nil, mode: nil, client: nil,
      createdAt: time(1), updatedAt: time(2), expiresAt: expiresAt.map(time))
  }

  /// An upload with a value in every member.
  static func fullUpload(_ number: Int, state: UploadState, push: Int?, path: String) -> UploadRecord {
    UploadRecord(
      id: id(number), state: state, length: .max,
      metadata: UploadMetadata(
        raw: "filename w6k=,empty,bytes /wA=",
        pairs: [
          .init(key: "filename", value: Array("é".utf8)), .init(key: "empty", value: []),
          .init(key: "bytes", value: [255, 0]),
        ]),
      push: push.map { id($0) }, path: self.path(path), filename: "é \"quoted\".txt",
      declaredDigest: digest(1),
      digest: digest(2), modifiedAt: time(-5), mode: 0o755, hashState: [0, 1, 255], hashedBytes: 3,
      unverifiedFrom: 4, client: "127.0.0.1", createdAt: time(5), updatedAt: time(6), expiresAt: time(7),
      reason: "its digest differs", declaredSHA512: [UInt8](repeating: 3, count: 64),
      concatenation: .final(parts: [id(8), id(9), id(8)], raw: "final;/files/a /files/b"))
  }

  static func push(
    _ number: Int, state: PushState = .open, repo: String = "photos", sealedAt: Int64 = 1,
    expiresAt: Int64? = nil
  ) -> PushRecord {
    PushRecord(
      id: id(number), state: state, origin: .client, repo: self.repo(repo), message: "", label: nil,
      author: nil, sealWhenComplete: false, createdAt: time(1),
      sealedAt: state == .open ? nil : time(sealedAt), expiresAt: expiresAt.map(time))
  }

  /// A push with a value in every member.
  static func fullPush(_ number: Int, state: PushState) -> PushRecord {
    PushRecord(
      id: id(number), state: state, origin: .upload, repo: repo("papers"), message: "first\nsecond é",
      label: label("stable"), author: "someone", sealWhenComplete: true, expectedCount: 2, expectedBytes: 3,
      createdAt: time(4), sealedAt: time(5), finishedAt: time(6), expiresAt: time(7), bundle: id(8),
      attempts: 9, errorCode: "storage-fault", errorMessage: "an object is missing",
      conflictPolicy: .latestWins, allowsEmpty: true, source: SourceFolder(name: "camera", path: "é/a"),
      concurrencyFactor: 4, notBefore: time(9))
  }

  static func bundle(
    _ number: Int, repo: String = "photos", sequence: Int64, createdAt: Int64 = 1
  ) -> BundleRecord {
    BundleRecord(
      id: id(number), repo: self.repo(repo), sequence: sequence, digest: digest(UInt8(number)), message: "m",
      label: label("stable"), author: "someone", push: id(number), fileCount: 2, byteCount: 3,
      createdAt: time(createdAt))
  }

  static func event(_ kind: EventKind = .uploadCreated, subject: String = "it") -> NewEvent {
    NewEvent(at: time(1), kind: kind, subject: subject)
  }

  static func expected(_ path: String, size: Int64 = 10, digest: Digest? = nil) -> ExpectedFile {
    ExpectedFile(path: self.path(path), size: size, digest: digest)
  }

  private static func must<Value>(_ make: () throws -> Value) -> Value {
    do { return try make() } catch { preconditionFailure("a sample is malformed: \(error)") }
  }
}
