import HTTPEdge
import Platform
import Testing

@Suite struct DownloadPiecesTests {
  @Test("downloads beyond the memory for large pieces get small ones; what ends makes room")
  func budget() {
    let budget = ByteBudget(bytes: 2 * DownloadPieces.largeBytes)
    var pieces: [DownloadPieces] = (0..<3).map { _ in DownloadPieces(budget) }
    #expect(
      pieces.map(\.byteCount)
        == [DownloadPieces.largeBytes, DownloadPieces.largeBytes, DownloadPieces.smallBytes])
    pieces.removeFirst()
    #expect(DownloadPieces(budget).byteCount == DownloadPieces.largeBytes)
  }
}
