import Blobs
import Platform
import Testing
import Vocabulary

@Suite struct BlobErrorTests {
  private func error(_ kind: FileError.Kind) -> BlobError {
    BlobError(FileError(kind: kind, call: "open", path: "/secret/place", code: 1, explanation: "because"))
  }

  @Test("a full disk is told apart from a fault, and the operator learns the call and the place")
  func kinds() {
    #expect(error(.full).problem.problem == .storageFull)
    for kind in [FileError.Kind.notFound, .exists, .denied, .other] {
      #expect(error(kind).problem.problem == .storageFault)
    }
    #expect(error(.notFound).description == "missing in storage: open /secret/place: because")
    #expect(error(.full).description == "storage is full: open /secret/place: because")
    #expect(error(.other).description == "storage failed: open /secret/place: because")
  }

  @Test(
    "a client learns no path of the server",
    arguments: [FileError.Kind.notFound, .exists, .full, .denied, .other])
  func secrecy(kind: FileError.Kind) {
    #expect(!error(kind).problem.detail.contains("secret"))
    #expect(error(kind).problem.members.isEmpty)
  }
}
