import HTTPTypes
import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import Platform
import Vocabulary

/// Answers what is routed, on whatever connection or stream it came.
enum RoutedResponses {
  static func responder(
    _ router: Router<GatewayContext>, clock: any WallClock, logger: Logger
  ) -> UploadConnection.Responder {
    let routes = router.buildResponder()
    return { request, writer, channel in
      let context = GatewayContext(source: .init(channel: channel, logger: logger))
      var response: Response
      do {
        response = try await routes.respond(to: request, context: context)
      } catch let error as HTTPParserError {
        throw error
      } catch {
        // Whatever a route threw has become a problem document before it gets here.
        logger.error("a request got no answer: \(error)")
        response = Response(status: .internalServerError)
      }
      response.headers[.date] = clock.now().httpDate
      try await writer.write(response: response.head, body: response.body)
    }
  }
}
