import HTTPTypes
import Testing
import UploadProtocol
import Vocabulary

@Suite("Checksums in trailers")
struct TrailingChecksumTests {
  private let sha1 = "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="
  private let other = "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA="
  private let sha256 = "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
  private let md5 = "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:"

  private func head(_ fields: HTTPFields) -> UploadRequestHead {
    UploadRequestHead(method: .patch, path: "/files/\(anID)", headerFields: fields, hasBody: true)
  }
  private func trailing(
    _ dialect: any UploadDialect, _ trailers: HTTPFields, _ fields: HTTPFields
  ) -> Result<Checksum?, ProblemError> {
    do throws(ProblemError) {
      return .success(try dialect.trailingChecksum(in: trailers, of: head(fields)))
    } catch { return .failure(error) }
  }

  @Test("T-54 an announced trailer is the checksum")
  func announced() throws {
    let checksum = try trailing(TusDialect(), [.uploadChecksum: sha1], [.trailer: "upload-checksum"]).get()
    #expect(checksum == (try UploadChecksumParser.parse(sha1)))
    #expect(
      try trailing(
        TusDialect(), [.uploadChecksum: sha1], [.trailer: "X, Upload-Checksum", .uploadChecksum: sha1]
      ).get() == checksum)
  }

  @Test("T-54 an announced trailer that is missing, malformed or contradicts the head is refused")
  func refused() {
    let announced: HTTPFields = [.trailer: "Upload-Checksum"]
    let cases: [(HTTPFields, HTTPFields)] = [
      ([:], announced), ([.uploadChecksum: "sha1 AA=="], announced),
      ([.uploadChecksum: sha1], [.trailer: "Upload-Checksum", .uploadChecksum: other]),
    ]
    for (trailers, fields) in cases {
      guard case .failure(let error) = trailing(TusDialect(), trailers, fields) else {
        Issue.record("taken: \(trailers)")
        continue
      }
      #expect(error.problem == .badHeader)
      #expect(error.members["field"] == .text("Upload-Checksum"))
    }
    guard case .failure(let error) = trailing(TusDialect(), [.uploadChecksum: "xxh3 AA=="], announced) else {
      Issue.record("an unknown algorithm was taken")
      return
    }
    #expect(error.problem == .unsupportedChecksum)
  }

  @Test("T-54 R-47 what was not announced is not looked at")
  func unannounced() throws {
    #expect(try trailing(TusDialect(), [.uploadChecksum: "nonsense"], [:]).get() == nil)
    #expect(try trailing(IETFDialect(), [.contentDigest: "nonsense"], [:]).get() == nil)
    #expect(try trailing(PlainDialect(), [.contentDigest: "nonsense"], [:]).get() == nil)
  }

  @Test("R-47 Content-Digest may be a trailer")
  func contentDigest() throws {
    let announced: HTTPFields = [.trailer: "Content-Digest"]
    for dialect: any UploadDialect in [IETFDialect(), PlainDialect()] {
      let checksum = try trailing(dialect, [.contentDigest: "\(md5), \(sha256)"], announced).get()
      #expect(checksum?.algorithm == .sha256)
      #expect(try trailing(dialect, [.contentDigest: "adler=:AAECAw==:"], announced).get() == nil)
      let cases: [(HTTPFields, HTTPFields)] = [
        ([:], announced), ([.contentDigest: "sha-256=1"], announced),
        (
          [.contentDigest: sha256],
          [
            .trailer: "Content-Digest",
            .contentDigest: "sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:",
          ]
        ),
      ]
      for (trailers, fields) in cases {
        guard case .failure(let error) = trailing(dialect, trailers, fields) else {
          Issue.record("taken: \(trailers)")
          continue
        }
        #expect(error.problem == .badHeader)
      }
    }
  }
}
