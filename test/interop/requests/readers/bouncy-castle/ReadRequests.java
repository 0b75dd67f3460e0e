import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.operator.jcajce.JcaContentVerifierProviderBuilder;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/** Reads each request that is named, as a CA that is written in Java would. */
public class ReadRequests {
    public static void main(String[] files) {
        for (String file : files) {
            try {
                read(Path.of(file));
                System.out.println("ok\t" + file);
            } catch (Exception error) { // Whatever it throws, it refuses the request.
                System.out.println("refused\t" + file + "\t" + String.valueOf(error.getMessage()).replaceAll("\\s+", " "));
            }
        }
    }

    private static void read(Path file) throws Exception {
        PKCS10CertificationRequest request;
        try (var parser = new PEMParser(Files.newBufferedReader(file))) {
            request = (PKCS10CertificationRequest) parser.readObject();
        }
        if (request == null) throw new IOException("not PEM");
        var verifier = new JcaContentVerifierProviderBuilder()
            .setProvider(new BouncyCastleProvider())
            .build(request.getSubjectPublicKeyInfo());
        request.getSubject();
        request.getAttributes();
        if (!request.isSignatureValid(verifier)) throw new IOException("the signature is invalid");
    }
}
