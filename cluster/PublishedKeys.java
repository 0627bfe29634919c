import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Prints the keys that an engine itself knows, one a line, read from its own classes: java PublishedKeys.java hive|tez|spark. */
public final class PublishedKeys {
    private static final Set<String> KEYS = new TreeSet<>();

    public static void main(String[] engines) throws Exception {
        switch (engines[0]) {
            case "hive" -> {
                for (Object entry : constants("org.apache.hadoop.hive.conf.HiveConf$ConfVars"))
                    KEYS.add((String) entry.getClass().getField("varname").get(entry));
                for (Object entry : constants("org.apache.hadoop.hive.metastore.conf.MetastoreConf$ConfVars")) {
                    KEYS.add((String) entry.getClass().getMethod("getVarname").invoke(entry));
                    KEYS.add((String) entry.getClass().getMethod("getHiveName").invoke(entry));
                }
            }
            case "tez" -> {
                texts("org.apache.tez.dag.api.TezConfiguration");
                texts("org.apache.tez.runtime.library.api.TezRuntimeConfiguration");
            }
            case "spark" -> {
                // Loading a group of settings enters it into the list of all.
                for (String group : new String[] {"package", "Deploy", "History", "Kryo", "Network", "Python", "Status", "Streaming", "UI", "Worker"})
                    Class.forName("org.apache.spark.internal.config." + group + "$");
                for (String group : new String[] {"SQLConf", "StaticSQLConf"})
                    Class.forName("org.apache.spark.sql.internal." + group + "$");
                texts("org.apache.spark.launcher.SparkLauncher");
                Class<?> entries = Class.forName("org.apache.spark.internal.config.ConfigEntry$");
                Object all = entries.getMethod("knownConfigs").invoke(entries.getField("MODULE$").get(null));
                ((Map<?, ?>) all).keySet().forEach(key -> KEYS.add((String) key));
                Class<?> sql = Class.forName("org.apache.spark.sql.internal.SQLConf$");
                for (Object entry : (Iterable<?>) sql.getMethod("getConfigEntries").invoke(sql.getField("MODULE$").get(null)))
                    KEYS.add((String) entry.getClass().getMethod("key").invoke(entry));
            }
            default -> throw new IllegalArgumentException(engines[0]);
        }
        KEYS.forEach(System.out::println);
    }

    private static Object[] constants(String name) throws Exception {
        return Class.forName(name).getEnumConstants();
    }

    private static void texts(String name) throws Exception {
        for (Field field : Class.forName(name).getFields())
            if (Modifier.isStatic(field.getModifiers()) && field.getType() == String.class)
                KEYS.add(String.valueOf(field.get(null)));
    }
}
